export function withConstants(source: string): string;
