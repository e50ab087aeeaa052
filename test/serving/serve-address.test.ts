import { expect, it } from "vitest";
import { hostText, serveAddress } from "../../src/serving/serve-address.js";

it.each([
  ["8080", "127.0.0.1", 8080, "127.0.0.1:8080"],
  ["0", "127.0.0.1", 0, "127.0.0.1:0"],
  ["192.0.2.1:80", "192.0.2.1", 80, "192.0.2.1:80"],
  ["0.0.0.0:8080", "0.0.0.0", 8080, "0.0.0.0:8080"],
  ["[::1]:8080", "::1", 8080, "[::1]:8080"],
  ["[2001:db8::7]:65535", "2001:db8::7", 65_535, "[2001:db8::7]:65535"],
])("takes %s", (text, address, port, host) => {
  expect(serveAddress(text)).toEqual({ address, port });
  expect(hostText(serveAddress(text))).toBe(host);
});

it.each([
  "",
  ":8080",
  "[]:8080",
  "8080:",
  "-1",
  "8080 ",
  "localhost:8080",
  "::1:8080",
  "[127.0.0.1]:8080",
  "1.2.3:8080",
  "1.2.3.4",
  "[::1]",
  "[fe80::1%eth0]:8080",
  "http://127.0.0.1:8080",
])("refuses '%s'", (text) => {
  expect(() => serveAddress(text)).toThrow("It must be a port, or an address and a port");
});

it("knows how many ports there are", () => {
  expect(() => serveAddress("65536")).toThrow("A port is 65535 at the most.");
});
