// The ways to the server, as far as they are pure: frames on a socket, the choice, the pulse, what is told of a reception.
import { describe, expect, it } from "vitest";
import { PATIENCE_MS, TransportChoice } from "../src/choice";
import { frameOf, h264Codec } from "../src/framing";
import { Pulse } from "../src/pulse";
import { receptionOf } from "../src/reception";
import { reportOf } from "../src/reports";
import { ENCODINGS, TRANSPORTS, wishOf, type Wishes } from "../src/transport";
import { encodingFor } from "../src/websocket";

function message(header: unknown, data: number[]): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const whole = new Uint8Array(4 + text.length + data.length);
  new DataView(whole.buffer).setUint32(0, text.length, true);
  whole.set(text, 4);
  whole.set(data, 4 + text.length);
  return whole.buffer;
}

describe("a binary message", () => {
  it("is a note and its frame", () => {
    const { message: note, data } = frameOf(message({ type: "frame", rtp_timestamp: 7, who: "Jürgen" }, [1, 2, 3]));
    expect(note).toEqual({ type: "frame", rtp_timestamp: 7, who: "Jürgen" });
    expect([...data]).toEqual([1, 2, 3]);
  });

  it.each([
    [new ArrayBuffer(0)],
    [new ArrayBuffer(3)],
    [new Uint8Array([9, 0, 0, 0, 123]).buffer],
    [new Uint8Array([255, 255, 255, 255, 1]).buffer],
  ])("that is cut short is refused", (buffer) => {
    expect(() => frameOf(buffer)).toThrow(RangeError);
  });

  it("names its codec by its parameter set, wherever that stands", () => {
    const unit = [0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1f, 0x8c];
    expect(h264Codec(new Uint8Array(unit))).toBe("avc1.42C01F");
    expect(h264Codec(new Uint8Array([0, 0, 1, 0x09, 0xf0, 0, 0, 1, 0x27, 0xf4, 0, 0x1e, 0]))).toBe("avc1.F4001E");
    expect(h264Codec(new Uint8Array([0, 0, 0, 1, 0x65, 0x88, 0x84, 0, 0, 0]))).toBeNull();
    expect(h264Codec(new Uint8Array([0, 0, 1, 0x67]))).toBeNull();
  });
});

describe("the choice of a way", () => {
  const auto: Wishes = { transport: "auto", encoding: "auto" };

  it("is WebRTC first, and a WebSocket when that does not come about in time, or says that it cannot", () => {
    const choice = new TransportChoice({ text: null });
    expect(choice.first(auto, true, 0)).toBe("webrtc");
    expect(choice.patienceMs(auto, "webrtc")).toBe(PATIENCE_MS);
    expect(PATIENCE_MS).toBeLessThanOrEqual(2500);
    expect(choice.after(auto, "webrtc", "late")).toBe("websocket");
    expect(choice.after(auto, "webrtc", "unreachable")).toBe("websocket");
    expect(choice.after(auto, "webrtc", "refused")).toBe("websocket");
  });

  it("does not try to get in by another door where the server says no, or nothing", () => {
    const choice = new TransportChoice({ text: null });
    for (const why of ["unauthorized", "busy", "gone", "network"] as const) {
      expect(choice.after(auto, "webrtc", why)).toBeNull();
    }
    expect(choice.patienceMs(auto, "websocket")).toBeNull();
    expect(choice.after(auto, "websocket", "refused")).toBeNull();
  });

  it("is the user's, where there is a wish, without a second try", () => {
    const choice = new TransportChoice({ text: "1000" });
    const webrtc: Wishes = { transport: "webrtc", encoding: "auto" };
    expect(choice.first(webrtc, false, 1001)).toBe("webrtc");
    expect(choice.patienceMs(webrtc, "webrtc")).toBeNull();
    expect(choice.after(webrtc, "webrtc", "late")).toBeNull();
    expect(choice.first({ transport: "websocket", encoding: "h264" }, true, 0)).toBe("websocket");
    expect(choice.first({ transport: "auto", encoding: "jpeg" }, true, 0)).toBe("websocket");
    expect(choice.first(auto, false, 0)).toBe("websocket");
  });

  it("remembers for some minutes that WebRTC did not work, and forgets it when it did", () => {
    const memory = { text: null as string | null };
    const choice = new TransportChoice(memory);
    choice.made("websocket", false, 1000);
    expect(choice.first(auto, true, 1000)).toBe("webrtc"); // it was a wish, and says nothing
    choice.made("websocket", true, 1000);
    const later = new TransportChoice({ ...memory });
    expect(later.first(auto, true, 1000 + 60_000)).toBe("websocket");
    expect(later.first(auto, true, 1000 + 6 * 60_000)).toBe("webrtc");
    expect(later.first(auto, true, 0)).toBe("webrtc"); // a clock that was put back
    expect(new TransportChoice({ text: "nonsense" }).first(auto, true, 1000)).toBe("webrtc");
    choice.made("webrtc", false, 2000);
    expect(choice.first(auto, true, 2000)).toBe("webrtc");
  });

  it("reads wishes from words", () => {
    expect(wishOf("websocket", TRANSPORTS)).toBe("websocket");
    expect(wishOf("h264_444", ENCODINGS)).toBe("h264_444");
    expect(wishOf("carrier-pigeon", TRANSPORTS)).toBe("auto");
    expect(wishOf(null, ENCODINGS)).toBe("auto");
  });

  it("asks for video where that can be decoded, else for images", () => {
    const can = { video: true, fullChroma: true };
    expect(encodingFor("auto", can)).toBe("h264");
    expect(encodingFor("webp", can)).toBe("webp");
    expect(encodingFor("h264_444", can)).toBe("h264_444");
    expect(encodingFor("h264_444", { video: true, fullChroma: false })).toBe("h264");
    expect(encodingFor("auto", { video: false, fullChroma: false })).toBe("jpeg");
    expect(encodingFor("vp8", { video: false, fullChroma: false })).toBe("jpeg");
  });
});

describe("the pulse", () => {
  /** Beats once a second from `from` to `to`; the time at which it is given up, or null. */
  const beats = (pulse: Pulse, from: number, to: number): number | null => {
    for (let now = from; now <= to; now += 1000) if (pulse.isDead(now)) return now;
    return null;
  };

  it("is given up when nothing is heard for some seconds, and not before", () => {
    const pulse = new Pulse();
    expect(beats(pulse, 0, 60_000)).toBe(4000);
    const other = new Pulse();
    for (let now = 0; now < 60_000; now += 1000) {
      expect(other.isDead(now)).toBe(false);
      other.heard();
    }
    expect(beats(other, 60_000, 99_000)).toBe(64_000);
  });

  it("is given another, short chance after a sleep", () => {
    const pulse = new Pulse();
    expect(beats(pulse, 0, 2000)).toBeNull();
    expect(pulse.isDead(3_600_000)).toBe(false);
    expect(beats(pulse, 3_601_000, 3_700_000)).toBe(3_602_000);
    const alive = new Pulse();
    expect(alive.isDead(0)).toBe(false);
    expect(alive.isDead(3_600_000)).toBe(false);
    alive.heard();
    expect(beats(alive, 3_601_000, 3_604_000)).toBeNull();
  });

  it("has little time when there is reason to doubt", () => {
    const pulse = new Pulse();
    expect(pulse.isDead(0)).toBe(false);
    pulse.heard();
    pulse.doubt(100);
    expect(pulse.isDead(1000)).toBe(false);
    expect(pulse.isDead(2000)).toBe(true);
  });
});

describe("what is told of a reception", () => {
  const report = (rtp: object) => [
    { type: "inbound-rtp", kind: "video", jitter: 0.004, ...rtp },
    { type: "inbound-rtp", kind: "audio", packetsLost: 9999 },
    { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.02 },
  ];
  const first = {
    framesReceived: 10,
    framesDecoded: 10,
    bytesReceived: 1000,
    packetsReceived: 40,
    totalDecodeTime: 0.02,
  };
  const second = {
    framesReceived: 40,
    framesDecoded: 37,
    framesDropped: 2,
    bytesReceived: 5000,
    packetsReceived: 135,
    packetsLost: 5,
    totalDecodeTime: 0.101,
    totalFreezesDuration: 0.25,
  };

  it("is what came since the last time", () => {
    const { figures, totals } = receptionOf(report(first), null);
    expect(figures).toMatchObject({ framesReceived: 10, lost: 0, queue: 0, freezeMs: 0 });
    const next = receptionOf(report(second), totals).figures;
    expect(next).toMatchObject({ framesReceived: 30, framesDropped: 2, bytesReceived: 4000, lost: 0.05, queue: 1 });
    expect(next.decodeMs).toBeCloseTo(3, 9);
    expect(next).toMatchObject({ jitterMs: 4, roundTripMs: 20, freezeMs: 250 });
    expect(reportOf("webrtc", next, 27)).toMatchObject({
      type: "report",
      transport: "webrtc",
      frames_shown: 27,
      lost: 0.05,
    });
  });

  it("is nothing where nothing came", () => {
    const { figures } = receptionOf([], null);
    expect(figures).toMatchObject({ framesReceived: 0, lost: null, jitterMs: null, roundTripMs: null, decodeMs: null });
  });
});
