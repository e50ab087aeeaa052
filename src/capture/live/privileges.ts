import { CaptureError, messageOf } from "../errors.js";
import { koffi, type Pointer } from "./libpcap.js";

/**
 * Becomes `user` for good, with the user's groups (tcpdump's -Z). Handles and files that are open stay usable: call it once
 * all of them are.
 *
 * @throws CaptureError where the process is not root's, or there is no such user.
 */
export function dropPrivileges(user: string): void {
  if (process.geteuid?.() !== 0)
    throw new CaptureError(`-Z ${user}: only root can become another user; run natcorr as root, or leave out -Z`);
  const { load, struct, decode } = koffi();
  const libc = load(null);
  const getpwnam: (name: string) => Pointer = libc.func("void *getpwnam(const char *)");
  const initgroups: (name: string, gid: number) => number = libc.func("int initgroups(const char *, uint32_t)");
  const entry = getpwnam(user);
  if (!entry) throw new CaptureError(`-Z ${user}: there is no such user; getent passwd lists them`);
  // The start of struct passwd, pwd.h.
  const passwd = struct({ name: "void *", password: "void *", uid: "uint32_t", gid: "uint32_t" });
  const { uid, gid }: { readonly uid: number; readonly gid: number } = decode(entry, passwd);
  // In this order: after setuid the groups could not be changed any more.
  if (initgroups(user, gid) !== 0) throw new CaptureError(`-Z ${user}: the user's groups cannot be taken on`);
  try {
    process.setgid?.(gid);
    process.setuid?.(uid);
  } catch (error) {
    throw new CaptureError(`-Z ${user}: ${messageOf(error)}`);
  }
}
