// The panel's pure parts: curves, colours, windows by rules, lights, folds.
import { describe, expect, it } from "vitest";
import { firstNodes, stripOf, withColor, withPlace } from "../src/panel/colors";
import { between, countsInside, nodesOf, withMoved, withNode, withoutNode, type CurveNode } from "../src/panel/curve";
import { Folds } from "../src/panel/folds";
import { lightOfKind, nextLight } from "../src/panel/lights";
import { COLOR_MAPS } from "../src/presets";
import { nameOfRule, percentileOf, ruleOfKind, shownWindow } from "../src/window-rules";
import type { Channel, ChannelSummary } from "../src/wire";
import { STATE } from "./browser/scene";

const LAYER = STATE.layers[0]!;
const CHANNEL: Channel = LAYER.kind === "image" ? LAYER.channels[0]! : (undefined as never);
const LIGHT = STATE.lighting.lights[0]!;

describe("a curve", () => {
  const nodes: CurveNode[] = [
    [0, 0],
    [0.4, 0.8],
    [1, 1],
  ];

  it("is the ramp when it is empty", () => {
    expect(nodesOf([])).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(nodesOf(nodes)).toBe(nodes);
  });

  it("takes new nodes in order, inside 0 to 1", () => {
    expect(withNode(nodes, 0.2, 0.123456)).toEqual([
      [
        [0, 0],
        [0.2, 0.123],
        [0.4, 0.8],
        [1, 1],
      ],
      1,
    ]);
    expect(withNode(nodes, 1.7, -2)).toEqual([[...nodes, [1, 0]], 3]);
    expect(withNode(nodes, -1, 0.5)[1]).toBe(1);
  });

  it("moves a node no farther than to its neighbours", () => {
    expect(withMoved(nodes, 1, 2, 0.5)[1]).toEqual([1, 0.5]);
    expect(withMoved(nodes, 1, -2, 3)[1]).toEqual([0, 1]);
    expect(withMoved(nodes, 2, 0.1, 1)[2]).toEqual([0.4, 1]);
    expect(nodes[1]).toEqual([0.4, 0.8]);
  });

  it("keeps at least two nodes", () => {
    const two = withoutNode(nodes, 1);
    expect(two).toEqual([nodes[0], nodes[2]]);
    expect(withoutNode(two, 0)).toEqual(two);
  });

  it("finds room beside a node", () => {
    expect(between(nodes, 1)).toEqual([0.7, 0.9]);
    expect(between(nodes, 2)).toEqual([0.7, 0.9]);
  });

  it("lies on the counts of its window, none lost and none doubled", () => {
    const counts = Array.from({ length: 40 }, (_, i) => (i * 13) % 17);
    const inside = countsInside(counts, [0, 80], [20, 60], 0, 20);
    expect(inside).toEqual(counts.slice(10, 30).map((count) => expect.closeTo(count, 9)));
    const total = countsInside(counts, [0, 80], [0, 80], 0, 10).reduce((sum, count) => sum + count, 0);
    expect(total).toBeCloseTo(
      counts.reduce((sum, count) => sum + count, 0),
      6,
    );
    expect(countsInside([], [0, 1], [0, 1]).every((count) => count === 0)).toBe(true);
  });

  it("shows no comb where whole numbers are rarer than bins", () => {
    // Ten numbers in 100 bins: every tenth has counts.
    const comb = Array.from({ length: 100 }, (_, i) => (i % 10 === 5 ? 50 : 0));
    const smooth = countsInside(comb, [0, 10], [3, 6], 1, 30);
    expect(Math.min(...smooth)).toBeGreaterThan(0.5 * Math.max(...smooth));
    expect(Math.min(...countsInside(comb, [0, 10], [3, 6], 0, 30))).toBe(0);
  });
});

describe("the window by a rule", () => {
  const summary: ChannelSummary = {
    name: "",
    range: [0, 100],
    histogram: [50, 0, 25, 25],
    percentiles: [],
    auto_windows: { minmax: [0, 100], otsu: [30, 90] },
    whole: true,
  };
  const by = (rule: Channel["rule"]): [number, number] | null => shownWindow({ ...CHANNEL, rule }, summary);

  it("finds percentiles in the histogram", () => {
    expect(percentileOf(summary.histogram, summary.range, 25)).toBeCloseTo(12.5, 9);
    expect(percentileOf(summary.histogram, summary.range, 50)).toBeCloseTo(25, 9);
    expect(percentileOf(summary.histogram, summary.range, 60)).toBeCloseTo(60, 9);
    expect(percentileOf(summary.histogram, summary.range, 100)).toBe(100);
    // Against the definition: of sorted values in equal numbers, the one so far along.
    const flat = new Array<number>(128).fill(7);
    for (const percent of [1, 33, 98]) expect(percentileOf(flat, [0, 1], percent)).toBeCloseTo(percent / 100, 9);
  });

  it("is told where it can be, and not where only the server knows", () => {
    expect(by(null)).toEqual(CHANNEL.window);
    expect(by({ kind: "level", level: 40, window: 10 })).toEqual([35, 45]);
    expect(by({ kind: "isovalue", value: 40, range: 4 })).toEqual([38, 42]);
    expect(by({ kind: "percentile", low: 25, high: 100 })).toEqual([expect.closeTo(12.5, 9), 100]);
    expect(by({ kind: "auto", method: "minmax" })).toEqual([0, 100]);
    expect(by({ kind: "auto", method: "otsu" })).toEqual([30, 90]);
    expect(by({ kind: "auto", method: "imagej" })).toBeNull();
    expect(shownWindow({ ...CHANNEL, rule: { kind: "percentile", low: 1, high: 9 } }, undefined)).toBeNull();
  });

  it("begins where the window is", () => {
    for (const name of ["level", "isovalue", "percentile", "auto:otsu", "manual"]) {
      expect(nameOfRule(ruleOfKind(name, [10, 30]))).toBe(name);
    }
    expect(by(ruleOfKind("level", [10, 30]))).toEqual([10, 30]);
    expect(ruleOfKind("isovalue", [10, 30])).toEqual({ kind: "isovalue", value: 20, range: 5 });
  });
});

describe("colours", () => {
  it("have a picture of each colour map of the list", () => {
    for (const [name, stops] of Object.entries(COLOR_MAPS)) {
      expect(stops.every((color) => /^#[0-9a-f]{6}$/.test(color))).toBe(true);
      expect(stripOf({ color_map: name, colors: [] })!.map(({ at }) => at)).toEqual(stops.map((_, i) => i / 8));
    }
    expect(stripOf({ color_map: "a:map-of-ones-own", colors: [] })).toBeNull();
  });

  it("begin with what is shown", () => {
    const fromMap = firstNodes({ color_map: "gray", colors: [] }, [1, 0, 0]);
    expect(fromMap.map(([at, [grey]]) => [at, Number(grey.toFixed(2))])).toEqual([
      [0, 0],
      [0.5, 0.5],
      [1, 1],
    ]);
    expect(firstNodes({ color_map: null, colors: [] }, [1, 0.5, 0]).at(-1)).toEqual([1, [1, 0.5, 0]]);
  });

  it("get one more in the widest gap, and stay in order", () => {
    const nodes = withColor([
      [0, [0, 0, 0]],
      [0.8, [1, 0, 0.5]],
      [1, [1, 1, 1]],
    ]);
    expect(nodes[1]).toEqual([0.4, [0.5, 0, 0.25]]);
    expect(withColor([[0.3, [1, 1, 1]]])).toHaveLength(2);
    expect(withPlace(nodes, 1, 5)[1]![0]).toBe(0.8);
    expect(withPlace(nodes, 1, -5)[1]![0]).toBe(0);
  });
});

describe("a light", () => {
  it("becomes another kind and keeps where it is, how bright and about how large", () => {
    const disc = lightOfKind(LIGHT, "disc");
    expect(disc).toMatchObject({ kind: "disc", azimuth: -35, elevation: 40, intensity: 1.9, visible: true });
    expect(Object.keys(disc)).not.toContain("width");
    // The same area.
    expect(disc.kind === "disc" && Math.PI * disc.radius ** 2).toBeCloseTo(0.49, 2);
    const back = lightOfKind(disc, "rectangle");
    expect(back.kind === "rectangle" && back.width).toBeCloseTo(0.7, 2);
    expect(Object.keys(lightOfKind(LIGHT, "directional"))).not.toContain("seen");
    expect(lightOfKind(LIGHT, "rectangle")).toBe(LIGHT);
  });

  it("that is added stands on the other side than the last", () => {
    const second = nextLight([LIGHT]);
    expect(second.azimuth).toBeGreaterThan(0);
    expect(nextLight([LIGHT, second]).azimuth).toBeLessThan(0);
    expect(nextLight([]).visible).toBe(true);
  });
});

describe("folds", () => {
  class Store {
    readonly kept = new Map<string, string>();
    getItem = (key: string): string | null => this.kept.get(key) ?? null;
    setItem = (key: string, value: string): unknown => this.kept.set(key, value);
  }
  const storage = (store: object): Storage => store as Storage;

  it("are remembered under the page's key alone", () => {
    const store = storage(new Store());
    let changes = 0;
    const folds = new Folds(() => ++changes, "a", store);
    expect([folds.isOpen("light"), folds.isOpen("light", true)]).toEqual([false, true]);
    folds.set("light", false);
    expect([folds.isOpen("light", true), changes]).toEqual([false, 1]);
    expect(new Folds(() => 0, "a", store).isOpen("light", true)).toBe(false);
    expect(new Folds(() => 0, "b", store).isOpen("light", true)).toBe(true);
  });

  it("work where the browser keeps nothing, or keeps nonsense", () => {
    const forbidden = storage({
      getItem: () => {
        throw new Error("no");
      },
      setItem: () => {
        throw new Error("no");
      },
    });
    for (const store of [null, forbidden, storage({ getItem: () => '{"a":[1', setItem: () => 0 })]) {
      const folds = new Folds(() => 0, "a", store);
      folds.set("x", true);
      expect(folds.isOpen("x")).toBe(true);
    }
    const odd = storage({ getItem: () => '[["x",1],["y",true],7]' });
    expect(new Folds(() => 0, "a", odd).isOpen("y")).toBe(true);
  });
});
