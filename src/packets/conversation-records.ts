/**
 * Words of what `Conversations` compares of a conversation, a cache line: ports, protocol and version, then four a side of the
 * addresses.
 */
export const PORTS = 0;
export const KIND = 1;
export const FROM = 4;
export const TO = 8;
export const CONVERSATION_BITS = 4;
