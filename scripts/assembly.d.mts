export function assembly(): import("rolldown").Plugin;
