// Frames on a WebSocket: uint32 little-endian n, n bytes of JSON (a FrameMessage), then the encoded picture.
import type { FrameMessage } from "./wire";

const HEADER_MAX = 65_536;

export interface EncodedFrame {
  message: FrameMessage;
  data: Uint8Array;
}

/** The parts of a binary message. Raises RangeError or SyntaxError where it is none. */
export function frameOf(buffer: ArrayBuffer): EncodedFrame {
  const length = buffer.byteLength < 4 ? HEADER_MAX + 1 : new DataView(buffer).getUint32(0, true);
  if (length > HEADER_MAX || 4 + length > buffer.byteLength) {
    throw new RangeError(`a binary message of ${buffer.byteLength} bytes has no frame in it`);
  }
  const message = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))) as FrameMessage;
  return { message, data: new Uint8Array(buffer, 4 + length) };
}

/**
 * What WebCodecs calls the H.264 in an Annex B key frame, e.g. "avc1.42C01F": profile, constraints and level stand in the
 * first bytes of its sequence parameter set. Null where there is none.
 */
export function h264Codec(data: Uint8Array): string | null {
  for (let i = 0; i + 6 < data.length; i++) {
    if (data[i] !== 0 || data[i + 1] !== 0 || data[i + 2] !== 1) continue;
    if ((data[i + 3]! & 0x1f) !== 7) continue;
    const hex = [...data.subarray(i + 4, i + 7)].map((byte) => byte.toString(16).padStart(2, "0"));
    return `avc1.${hex.join("").toUpperCase()}`;
  }
  return null;
}
