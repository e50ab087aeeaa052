type Read = (path: string) => Promise<string | null>;

export function kept(
  name: string,
  make: (read: Read) => Promise<Uint8Array>,
  folder?: string,
): Promise<{ readonly bytes: Uint8Array; readonly sources: readonly string[] }>;
