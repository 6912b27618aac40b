import { expect, it } from "vitest";
import { figures, FrameLog, median } from "../src/stats";
import type { FrameMessage } from "../src/wire";

const note = (rtp_timestamp: number, camera_seq: number, samples = 1): FrameMessage => ({
  type: "frame",
  encoding: "h264",
  rtp_timestamp,
  frame: {
    sequence: 1,
    camera_seq,
    pts: 0,
    width: 640,
    height: 480,
    scale: 1,
    samples,
    target_samples: 256,
    active_share: 1,
    missing: 0,
    render_ms: 5,
    readback_ms: 1,
    encode_ms: 2,
    bytes: 1000,
    key_frame: false,
    event_ms: null,
  },
});

it("measures from a camera's sending to its frame on the screen, whichever of note and frame comes first", () => {
  const log = new FrameLog();
  log.cameraSentAt(10, 100);
  log.cameraSentAt(11, 120);
  log.noted(note(5000, 10), 130);
  expect(log.presented(5000, 142)?.camera_seq).toBe(10);
  expect(log.presented(8000, 170)).toBeNull();
  expect(log.noted(note(8000, 11), 175)?.camera_seq).toBe(11);
  expect(log.stats(180).latencyMs).toEqual([42, 50]);
  expect(log.stats(180).cameraSeqShown).toBe(11);
  expect(log.waitsForCamera).toBe(false);
});

it("counts a camera once, from its first sending, and never somebody else's", () => {
  const log = new FrameLog();
  log.cameraSentAt(10, 100);
  log.cameraSentAt(10, 300);
  log.noted(note(1, 7), 310);
  log.presented(1, 311);
  expect(log.stats(312).latencyMs).toEqual([]);
  expect(log.waitsForCamera).toBe(true);
  log.noted(note(2, 10), 320);
  log.presented(2, 320);
  log.noted(note(3, 10), 330);
  log.presented(3, 330);
  expect(log.stats(340).latencyMs).toEqual([220]);
});

it("counts frames and bits of the last second", () => {
  const log = new FrameLog();
  for (let i = 0; i < 90; i++) {
    log.noted(note(i, 0), i * 20);
    log.presented(i, i * 20);
  }
  const stats = log.stats(1790);
  expect(stats.fps).toBe(50);
  expect(stats.bitrate).toBe(50 * 8000);
  expect(stats.framesPresented).toBe(90);
});

it("takes the newest note where the browser tells no RTP time", () => {
  const log = new FrameLog();
  expect(log.presented(undefined, 1)).toBeNull();
  log.noted(note(1, 0, 5), 2);
  expect(log.presented(undefined, 3)?.samples).toBe(5);
});

it("does not take an old connection's notes for a new one's frames", () => {
  const log = new FrameLog();
  log.noted(note(1, 0), 2);
  log.restart();
  expect(log.presented(1, 3)).toBeNull();
});

it("forgets what never met", () => {
  const log = new FrameLog();
  for (let i = 0; i < 1000; i++) log.noted(note(i, 0), i);
  expect(log.presented(0, 1)).toBeNull();
  expect(log.presented(999, 1)).not.toBeNull();
});

it("says the figures in one line", () => {
  const log = new FrameLog();
  expect(figures(log.stats(0))).toBe("");
  log.cameraSentAt(1, 0);
  log.noted(note(1, 1, 37), 40);
  log.presented(1, 42);
  expect(figures(log.stats(50))).toBe("640×480 · 37/256 spp · 1 fps · 42 ms");
});

it("finds the middle", () => {
  expect(median([])).toBeNull();
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

it("knows which frame is on the screen, and none of a connection before this one", () => {
  const log = new FrameLog();
  expect(log.shown).toBeNull();
  log.noted(note(1, 7), 1);
  log.presented(1, 2);
  expect(log.shown?.camera_seq).toBe(7);
  log.restart();
  expect(log.shown).toBeNull();
  expect(log.stats(3).frame?.camera_seq).toBe(7);
  log.noted(note(2, 8), 4);
  log.presented(2, 5);
  expect(log.shown?.camera_seq).toBe(8);
});
