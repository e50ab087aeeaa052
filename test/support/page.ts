import { gunzipSync } from "node:zlib";

/** The lines of NDJSON in a page, as any program can have them: without running it. */
export function recordsIn(page: string): string[] {
  const chunks = [...page.matchAll(/<script class="records" type="application\/gzip">([^<]*)<\/script>/g)];
  return chunks
    .map(([, base64]) => gunzipSync(Buffer.from(base64, "base64")).toString())
    .join("")
    .split("\n")
    .filter((line) => line !== "");
}

/** What a page says beside its records. */
export function factsIn(page: string): { text: Record<string, string>; strip: object; said: string[] } {
  const [, json] = /<script id="facts" type="application\/json">(.*)<\/script>/.exec(page) ?? [];
  return JSON.parse(json ?? "null");
}
