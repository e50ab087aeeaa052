export function assembly(options?: { readonly isCounted?: boolean }): import("rolldown").Plugin;
