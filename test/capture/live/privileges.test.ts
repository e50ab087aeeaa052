import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { dropPrivileges, openInterface } from "../../../src/capture/live/open.js";
import { enterNewNamespace, ip, skips } from "./veth.js";

// One test after the other: once root is given up, this process has no way back.
describe.skipIf(skips)("giving up root", () => {
  test("for a user that does not exist is refused, and leaves root", () => {
    expect(() => dropPrivileges("no-such-user")).toThrow("-Z no-such-user: there is no such user");
    expect(process.getuid?.()).toBe(0);
  });

  test("takes the user's id and groups, leaves no way back, and capturing goes on", async () => {
    enterNewNamespace();
    ip("link", "set", "lo", "up");
    const options = { snaplen: 0, bufferBytes: 1 << 20, isPromiscuous: false, filter: "udp port 9" };
    const source = await openInterface("lo", { ...options, onWarning: (text) => expect.unreachable(text) });
    dropPrivileges("nobody");
    expect(process.getuid?.()).toBeGreaterThan(0);
    expect(process.getgid?.()).toBeGreaterThan(0);
    expect(process.getgroups?.()).not.toContain(0);
    expect(() => process.setuid?.(0)).toThrow("EPERM");

    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    socket.send("hello", 9, "127.0.0.1");
    let frames = 0;
    while (frames === 0) frames += (await source.next())!.count;
    expect(frames).toBe(1);
    expect(source.statistics().received).toBeGreaterThan(0);
    socket.close();
    await source.close();
  });

  test("is refused to whom it does not belong", () => {
    expect(() => dropPrivileges("daemon")).toThrow("only root can become another user");
  });
});
