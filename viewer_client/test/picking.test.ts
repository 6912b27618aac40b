// What clicks do besides turning, without a browser: where they are in the picture, who is answered, what is kept.
import { describe, expect, it, vi } from "vitest";
import type { Point } from "../src/camera";
import { Annotations, uuid, type AnnotationEvent } from "../src/annotations";
import { lengths } from "../src/panel/numbers";
import { PickError, Picks } from "../src/picks";
import { titleOf } from "../src/readout";
import { OPENING, segmentOf, Tools, type ToolHost } from "../src/tools";
import { fractionAt } from "../src/viewport";
import type { Camera, FrameInfo, NewPoint, Pick, PickEvent, PointAnnotation } from "../src/wire";

const FRAME = { sequence: 7, camera_seq: 3, width: 640, height: 480 } as FrameInfo;
const CAMERA = { aperture: 0, focus_distance: null } as Camera;
const PICK: Pick = {
  kind: "label",
  pixel: [1, 2],
  size: [640, 480],
  opacity: 1,
  position_um: [1, 2, 3],
  seen_um: [1, 2, 3],
  depth_um: 21,
  focus_um: 20,
  layer: "labels",
  channel: 0,
  layers: [
    {
      source: "labels",
      name: "organelles",
      kind: "labels",
      visible: true,
      level: 0,
      voxel_zyx: [3, 2, 1],
      finest_zyx: [3, 2, 1],
      channels: [],
      segment: { id: "18446744073709551615", name: "nucleus", color: [0.2, 0.4, 0.6] },
      exact_segment: null,
    },
  ],
  trouble: "",
};
const NOTHING: Pick = { ...PICK, kind: "nothing", position_um: null, focus_um: null, layer: null, layers: [] };
const POINT: PointAnnotation = {
  kind: "point",
  id: uuid(),
  position: [1, 2, 3],
  label: "",
  color: [1, 0, 0],
  segment: null,
  author: "viewer-1",
  created_s: 5,
};

describe("a place of the element", () => {
  it("is a part of the picture that is fitted into it, or beside it", () => {
    const picture = { width: 640, height: 480 };
    expect(fractionAt({ x: 0, y: 0 }, { width: 800, height: 800 }, picture)).toEqual({ x: 0.5, y: 0.5 });
    expect(fractionAt({ x: -400, y: 0 }, { width: 800, height: 800 }, picture)).toEqual({ x: 0, y: 0.5 });
    expect(fractionAt({ x: 0, y: 150 }, { width: 800, height: 800 }, picture)).toEqual({ x: 0.5, y: 0.75 });
    expect(fractionAt({ x: 0, y: 301 }, { width: 800, height: 800 }, picture)).toBeNull();
    expect(fractionAt({ x: 300, y: 0 }, { width: 800, height: 400 }, picture)).toBeNull();
    expect(fractionAt({ x: 0, y: 0 }, { width: 800, height: 400 }, { width: 0, height: 0 })).toBeNull();
  });
});

describe("picks", () => {
  it("are of the frame on the screen, and each is answered once", async () => {
    const sent: PickEvent[] = [];
    const picks = new Picks((event) => sent.push(event));
    const [first, second] = [picks.ask(1, FRAME, 0.25, 0.5), picks.ask(2, FRAME, 0.1, 0.1)];
    expect(sent[0]).toEqual({ type: "pick", seq: 1, x: 0.25, y: 0.5, exact: true, ...FRAME });
    picks.answered(2, NOTHING);
    picks.answered(1, PICK);
    expect(await first).toBe(PICK);
    expect(await second).toBe(NOTHING);
    expect(picks.refused(1, "late")).toBe(false);
  });

  it("are refused to the one who asked, and lost with the connection", async () => {
    const picks = new Picks(() => {});
    const [first, second] = [picks.ask(1, FRAME, 0, 0), picks.ask(2, FRAME, 0, 0)];
    expect(picks.refused(1, "click again")).toBe(true);
    await expect(first).rejects.toThrow(new PickError("click again"));
    picks.lost();
    await expect(second).rejects.toBeInstanceOf(PickError);
  });
});

describe("annotations", () => {
  const add = (seq: number): AnnotationEvent => ({ type: "annotate", seq, point: POINT });

  it("come in parts, which replace the list when they are whole", () => {
    const annotations = new Annotations();
    annotations.told({ type: "annotated", seq: null, id: POINT.id, point: POINT });
    expect(annotations.told({ type: "annotations", first: true, last: false, points: [] })).toBe(false);
    expect(annotations.list).toEqual([POINT]);
    const other = { ...POINT, id: uuid() };
    expect(annotations.told({ type: "annotations", first: false, last: true, points: [other] })).toBe(true);
    expect(annotations.list).toEqual([other]);
    annotations.told({ type: "annotated", seq: null, id: other.id, point: null });
    expect(annotations.list).toEqual([]);
  });

  it("are said again after a break until they are answered or refused", () => {
    const annotations = new Annotations();
    annotations.sent(add(1));
    annotations.sent(add(2));
    annotations.sent({ type: "annotation_delete", seq: 3, id: POINT.id });
    annotations.told({ type: "annotated", seq: 1, id: POINT.id, point: POINT });
    annotations.refused(3);
    expect(annotations.toSendAgain.map((event) => event.seq)).toEqual([2]);
    annotations.forget();
    expect(annotations.toSendAgain).toEqual([]);
  });

  it("are not deleted twice, but also not put back by a deletion that was lost with them", () => {
    const annotations = new Annotations();
    annotations.told({ type: "annotated", seq: null, id: POINT.id, point: POINT });
    annotations.sent({ type: "annotation_delete", seq: 3, id: POINT.id });
    expect(annotations.toSendAgain.map((event) => event.seq)).toEqual([3]);
    annotations.told({ type: "annotations", first: true, last: true, points: [] }); // the deletion had arrived
    expect(annotations.toSendAgain).toEqual([]);
    annotations.sent(add(4));
    annotations.sent({ type: "annotation_delete", seq: 5, id: POINT.id });
    expect(annotations.toSendAgain.map((event) => event.seq)).toEqual([4, 5]);
  });

  it("have ids of their own", () => {
    expect(uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(Array.from({ length: 100 }, uuid)).size).toBe(100);
  });
});

describe("tools", () => {
  const made = (answer: (at: Point) => Promise<Pick> | null = () => Promise.resolve(PICK)) => {
    const host = {
      pick: vi.fn(answer),
      annotate: vi.fn<(point: NewPoint) => void>(),
      camera: () => CAMERA,
      look: vi.fn<(camera: Camera) => void>(),
      notify: vi.fn<(text: string) => void>(),
      changed: vi.fn(),
    } satisfies ToolHost;
    return { host, tools: new Tools(host) };
  };
  const HERE = { x: 5, y: 6 };

  it("leave clicks alone while none is in the hand", async () => {
    const { host, tools } = made();
    await tools.click(HERE);
    tools.hover(HERE);
    expect(host.pick).not.toHaveBeenCalled();
    tools.choose("pick");
    tools.choose("pick");
    expect(tools.inHand).toBe(false);
  });

  it("say what is there, and stay until they are closed", async () => {
    const { tools } = made();
    tools.choose("pick");
    await tools.click(HERE);
    expect(tools.readout).toEqual({ pick: PICK, at: HERE, here: true, pinned: true, annotation: null });
    tools.leave();
    tools.cameraMoved();
    expect(tools.readout?.here).toBe(false);
    tools.close();
    expect(tools.readout).toBeNull();
  });

  it("follow the pointer, one question at a time", async () => {
    vi.useFakeTimers();
    const { host, tools } = made();
    tools.choose("pick");
    for (let x = 0; x < 20; x++) tools.hover({ x, y: 0 });
    await vi.advanceTimersByTimeAsync(500);
    expect(host.pick.mock.calls.map(([at]) => at.x)).toEqual([0, 19]);
    expect(tools.readout?.pinned).toBe(false);
    tools.leave();
    expect(tools.readout).toBeNull();
    vi.useRealTimers();
  });

  it("put a point where something is, in its segment's colour", async () => {
    const { host, tools } = made();
    tools.choose("annotate");
    await tools.click(HERE);
    const point = host.annotate.mock.calls[0]![0];
    expect(point).toMatchObject({ position: [1, 2, 3], color: [0.2, 0.4, 0.6], segment: "18446744073709551615" });
    expect(tools.readout?.annotation).toBe(point.id);
  });

  it("put none where there is nothing, and say why a click was not answered", async () => {
    const empty = made(() => Promise.resolve(NOTHING));
    empty.tools.choose("annotate");
    await empty.tools.click(HERE);
    expect(empty.host.annotate).not.toHaveBeenCalled();
    expect(empty.host.notify).toHaveBeenCalledWith("There is nothing here to annotate.");
    const refused = made(() => Promise.reject(new PickError("click again")));
    refused.tools.choose("pick");
    await refused.tools.click(HERE);
    expect(refused.host.notify).toHaveBeenCalledWith("click again");
    const beside = made(() => null);
    beside.tools.choose("pick");
    await beside.tools.click(HERE);
    expect(beside.tools.readout).toBeNull();
  });

  it("open a closed lens when something is put into focus, and leave an open one", async () => {
    const { host, tools } = made();
    tools.choose("pick");
    await tools.click(HERE);
    tools.focusHere();
    expect(host.look).toHaveBeenCalledWith({ focus_distance: 20, aperture: 20 * OPENING });
  });
});

describe("words", () => {
  it("name what was met", () => {
    expect(titleOf(PICK)).toBe("nucleus");
    expect(titleOf(NOTHING)).toBe("Nothing here");
    expect(segmentOf({ ...PICK, layer: null })?.id).toBe("18446744073709551615");
    const hidden = { ...PICK.layers[0]!, visible: false };
    expect(segmentOf({ ...PICK, layer: null, layers: [hidden] })).toBeNull();
  });

  it("give places in the unit that reads best", () => {
    expect(lengths([11.9421, -8.4, 0], 20)).toBe("11.94, -8.4, 0 µm");
    expect(lengths([0.0123456, 0.5, 0.25], 0.9)).toBe("12.3, 500, 250 nm");
    expect(lengths([12345.6, 1, 2], 100000)).toBe("12.3, 0, 0 mm");
  });
});
