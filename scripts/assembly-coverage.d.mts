export const HITS: string;
export function counting(source: string, file: string): string;
export function beginCoverage(): void;
export function coverageReport(): string;
