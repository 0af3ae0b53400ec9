// An experiment as the part of an address behind the '#': JSON, deflated, in the base64 of addresses.
import type { Experiment } from "@/api/lab";

const through = async (bytes: Uint8Array<ArrayBuffer>, stream: CompressionStream | DecompressionStream) =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());

export async function toLink(experiment: Experiment): Promise<string> {
  const bytes = await through(
    new TextEncoder().encode(JSON.stringify(experiment)),
    new CompressionStream("deflate-raw"),
  );
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// Nothing where it is none. The server judges what is in it.
export async function fromLink(link: string): Promise<Experiment | undefined> {
  try {
    const text = atob(link.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const document: unknown = JSON.parse(
      new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw"))),
    );
    const whole = document as Experiment;
    return Array.isArray(whole.acts) && Array.isArray(whole.off ?? []) ? { ...whole, off: whole.off ?? [] } : undefined;
  } catch {
    return undefined;
  }
}
