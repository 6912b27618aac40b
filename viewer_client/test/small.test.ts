// The small pure parts: sizes, waiting, tokens, numbers, the light's direction.
import { describe, expect, it } from "vitest";
import { tokenOf } from "../src/login";
import { discDirection, discPoint } from "../src/panel/light-direction";
import * as numbers from "../src/panel/numbers";
import { errorOf } from "../src/request";
import { backOffS } from "../src/session";
import { shownHeight, viewportFor } from "../src/viewport";

describe("viewport", () => {
  it.each([
    [800, 600, 1, 800, 600],
    [801, 601, 1, 802, 602],
    [400, 300, 2, 800, 600],
    [3840, 2160, 1, 1920, 1080],
    [1000, 4000, 1, 270, 1080],
    [3000, 20, 1, 1920, 64],
  ])("%i×%i at ratio %i asks for %i×%i", (width, height, ratio, w, h) => {
    expect(viewportFor({ width, height }, ratio)).toEqual({ width: w, height: h });
  });

  it("asks for nothing while the element is hidden", () => {
    expect(viewportFor({ width: 0, height: 0 }, 2)).toBeNull();
  });

  it("knows how high a fitted picture is", () => {
    expect(shownHeight({ width: 800, height: 800 }, { width: 640, height: 480 })).toBe(600);
    expect(shownHeight({ width: 800, height: 400 }, { width: 640, height: 480 })).toBe(400);
    expect(shownHeight({ width: 800, height: 400 }, { width: 0, height: 0 })).toBe(400);
  });
});

it("waits longer after each failure, to a limit, and as long as the server asks", () => {
  expect([1, 2, 3, 4, 5, 50].map((failures) => backOffS(failures, null, 0))).toEqual([0.5, 1, 2, 4, 5, 5]);
  expect(backOffS(1, 7, 0.5)).toBe(7);
  expect(backOffS(3, null, 1)).toBeCloseTo(1.6, 9);
});

it("reads the token of a fragment", () => {
  expect(tokenOf("#token=a-b_c")).toBe("a-b_c");
  expect(tokenOf("#x=1&token=q")).toBe("q");
  expect(tokenOf("#other")).toBeNull();
  expect(tokenOf("")).toBeNull();
});

it("turns failed requests into sentences", async () => {
  expect(await errorOf(new Response("", { status: 401 }))).toMatchObject({ kind: "unauthorized" });
  const busy = Response.json({ message: "All views are taken." }, { status: 503, headers: { "retry-after": "3" } });
  expect(await errorOf(busy)).toMatchObject({ kind: "busy", message: "All views are taken.", retryAfterS: 3 });
  const plain = new Response("<html>bad gateway", { status: 502 });
  expect(await errorOf(plain)).toMatchObject({
    kind: "refused",
    message: "The server answered 502.",
    retryAfterS: null,
  });
});

describe("numbers", () => {
  it.each([
    [0, "0"],
    [0.0123456, "0.01235"],
    [45.6, "45.6"],
    [12345.678, "12346"],
    [-3, "-3"],
    [1.2e9, "1.2e9"],
    [3e-7, "3e-7"],
    [Number.NaN, "–"],
  ])("reads %d as %s", (value, text) => {
    expect(numbers.readable(value)).toBe(text);
  });

  it("maps a logarithmic slider there and back", () => {
    for (const value of [1, 3, 400, 99_000]) {
      const position = numbers.logPosition(value, 1, 1e5);
      expect(numbers.logValue(position, 1, 1e5)).toBeCloseTo(value, -Math.floor(Math.log10(value)) + 2);
    }
    expect(numbers.logPosition(0, 1, 100)).toBe(0);
    expect(numbers.logPosition(1e9, 1, 100)).toBe(1);
  });

  it("maps colours there and back", () => {
    expect(numbers.hexOf([1, 0, 0.5])).toBe("#ff0080");
    for (const hex of ["#000000", "#12ab9f", "#ffffff"]) expect(numbers.hexOf(numbers.colorOf(hex))).toBe(hex);
  });

  it("draws a histogram with its highest count at the top", () => {
    expect(numbers.histogramPath([0, 9, 0], 30, 10)).toBe("M0 10L5.0 10.0L15.0 0.0L25.0 10.0L30 10Z");
  });

  it("merges bins without losing a count", () => {
    const counts = Array.from({ length: 256 }, (_, i) => (i * 7) % 11);
    const merged = numbers.rebinned(counts, 64);
    const total = (list: number[]): number => list.reduce((sum, count) => sum + count, 0);
    expect(merged).toHaveLength(64);
    expect(total(merged)).toBe(total(counts));
    expect(merged[1]).toBe(total(counts.slice(4, 8)));
    expect(numbers.rebinned([1, 2], 64)).toEqual([1, 2]);
  });

  it("steps by whole numbers over whole data", () => {
    expect(numbers.stepFor([0, 255], true)).toBe(1);
    expect(numbers.stepFor([0, 65_535], true)).toBe(66);
    expect(numbers.stepFor([0, 1], false)).toBe(0.001);
    expect(numbers.stepFor([5, 5], false)).toBe(0.001);
  });

  it("says lengths in the unit that fits", () => {
    expect(numbers.length(0.0456, 0.5)).toBe("45.6 nm");
    expect(numbers.length(80, 100)).toBe("80 µm");
    expect(numbers.length(181_000, 217_000)).toBe("181 mm");
  });
});

describe("the light's disc", () => {
  it("has the viewer in the middle, the sides on the inner ring, the back on the rim", () => {
    expect(discPoint({ azimuth: 0, elevation: 0 })).toEqual([0, 0]);
    expect(discPoint({ azimuth: 90, elevation: 0 }).map((x) => x.toFixed(6))).toEqual(["0.500000", "0.000000"]);
    expect(discPoint({ azimuth: 0, elevation: 90 })[1]).toBeCloseTo(0.5, 9);
    expect(Math.hypot(...discPoint({ azimuth: 180, elevation: 0 }))).toBeCloseTo(1, 9);
  });

  it.each([
    [-35, 40],
    [0, 0],
    [120, -20],
    [-170, 10],
    [5, 85],
  ])("goes there and back for %i, %i", (azimuth, elevation) => {
    expect(discDirection(...discPoint({ azimuth, elevation }))).toEqual({ azimuth, elevation });
  });

  it("takes points outside for points on the rim", () => {
    const { azimuth, elevation } = discDirection(5, 0);
    expect([Math.abs(azimuth), elevation]).toEqual([180, 0]);
  });
});
