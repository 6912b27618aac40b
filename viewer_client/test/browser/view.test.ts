// The built client in Chromium, under a strict content security policy and below a path, against a real WebRTC peer.
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { HostaView } from "../../src/element";
import type { LoopbackServer } from "./loopback-server";
import { executablePath, Site, until } from "./site";

declare const server: LoopbackServer;

if (!executablePath) console.warn("No Chromium was found: set HOSTA_CHROMIUM to its path to run the browser tests.");

describe.skipIf(!executablePath)("the client in a browser", () => {
  let site: Site;
  let page: Page;

  const streaming = (frames = 5): Promise<void> =>
    until(page, `(document.querySelector("hosta-view")?.stats.framesPresented ?? 0) > ${frames}`);
  const seen = <T>(look: (view: HostaView) => T): Promise<T> => page.locator("hosta-view").evaluate(look as never);
  const drag = async (from: [number, number], to: [number, number], steps = 10): Promise<void> => {
    await page.mouse.move(...from);
    await page.mouse.down();
    await page.mouse.move(...to, { steps });
    await page.mouse.up();
  };

  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site.close());
  afterEach(() => page.close());

  it("logs in, shows the stream and says what renders it, without a complaint of the browser", async () => {
    const opened = await site.page({ fragment: "#token=s3cret" });
    page = opened.page;
    await streaming(10);
    expect(await page.evaluate(() => server.logins)).toEqual(['{"token":"s3cret"}']);
    expect(page.url()).toBe(site.url);
    await page.getByText("software renderer").waitFor();
    await page.getByText(/^\d+×\d+ · \d+\/256 spp · \d+ fps/).waitFor();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("cell.ome.zarr");
    expect(await seen((view) => [view.state, view.device?.software, view.viewState?.samples])).toEqual([
      "connected",
      true,
      256,
    ]);
    expect(await page.evaluate(() => server.offers[0]!.match(/m=video/g)!.length)).toBe(1);
    expect(await page.evaluate(() => server.offers[0]!)).not.toContain("m=audio");
    const first = await page.evaluate(
      () => /m=video[^\r]* (\d+)/.exec(server.offers[0]!) && server.offers[0]!.match(/a=rtpmap:\d+ (\w+)/)![1],
    );
    expect(first).toBe("H264");
    expect(opened.problems).toEqual([]);
  });

  it("turns with the mouse: one camera a frame at most, rising numbers, shown by a later frame, same distance", async () => {
    ({ page } = await site.page());
    await streaming();
    const before = (await seen((view) => view.camera))!;
    await drag([400, 400], [520, 360], 30);
    await until(
      page,
      `(({ stats }) => stats.cameraSeqSent > 0 && stats.cameraSeqShown === stats.cameraSeqSent)(document.querySelector("hosta-view"))`,
    );
    const { camera, stats } = await seen((view) => ({ camera: view.camera!, stats: view.stats }));
    const cameras = await page.evaluate(() => server.received.filter((event) => event.type === "camera"));
    const seqs = [...new Set(cameras.map((event) => event.seq))];
    expect(seqs.length).toBeLessThanOrEqual(31);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(cameras.at(-1)!.camera).toEqual(camera);
    expect(camera.focal_point).toEqual(before.focal_point);
    const distance = ({ position, focal_point }: typeof camera): number =>
      Math.hypot(...position.map((x, i) => x - focal_point[i]!));
    expect(distance(camera)).toBeCloseTo(distance(before), 6);
    expect(Math.hypot(...camera.position.map((x, i) => x - before.position[i]!))).toBeGreaterThan(10);
    expect(stats.latencyMs.length).toBeGreaterThan(0);
    expect(stats.latencyMs.every((ms) => ms > 0 && ms < 5000)).toBe(true);
  });

  it("sends the last camera again by the reliable channel when the lossy one lost it", async () => {
    ({ page } = await site.page());
    await streaming();
    await page.evaluate(() => {
      server.deaf = true;
    });
    await drag([400, 400], [450, 400]);
    await until(page, "server.received.some((event) => event.type === 'camera')");
    const sent = await seen((view) => view.camera);
    expect(await page.evaluate(() => server.state.camera)).toEqual(sent);
  });

  it("zooms with the wheel, moves with shift, resets and toggles channels with keys", async () => {
    ({ page } = await site.page());
    await streaming();
    const camera = () => seen((view) => view.camera!);
    const before = await camera();
    await page.mouse.move(420, 420);
    await page.mouse.wheel(0, -200);
    await until(page, `document.querySelector("hosta-view").camera.position[2] > ${before.position[2] + 1}`);
    await page.keyboard.down("Shift");
    await drag([420, 420], [470, 440]);
    await page.keyboard.up("Shift");
    const moved = await camera();
    expect(moved.focal_point).not.toEqual(before.focal_point);
    await page.keyboard.press("r");
    expect(await camera()).toEqual(before);
    await page.keyboard.press("2");
    await until(page, "server.state.layers[0].channels[1].visible === true");
    await page.keyboard.press("h");
    expect(await page.getByRole("dialog").isVisible()).toBe(true);
    await page.keyboard.press("h");
    expect(await page.getByRole("dialog").isVisible()).toBe(false);
  });

  it("asks for as many pixels as it has, again after a change of size", async () => {
    ({ page } = await site.page());
    await streaming();
    const asked = await page.evaluate(() => Object.fromEntries(new URLSearchParams(server.asked[0])));
    const last = () => page.evaluate(() => server.received.findLast((event) => event.type === "viewport"));
    const size = () =>
      seen((view) => ({ width: 2 * Math.round(view.clientWidth / 2), height: 2 * Math.round(view.clientHeight / 2) }));
    const { width, height } = await size();
    expect(await last()).toMatchObject({ width, height });
    expect(asked).toEqual({ width: String(width), height: String(height) });
    await page.setViewportSize({ width: 1000, height: 600 });
    await until(page, "server.received.findLast((event) => event.type === 'viewport').height < 600");
    expect(await last()).toMatchObject(await size());
  });

  it("changes the state from the panel, by keyboard too, and takes back what is refused", async () => {
    ({ page } = await site.page());
    await streaming();
    await page.getByRole("switch", { name: "Show nucleus" }).click();
    await until(page, "server.state.layers[0].channels[1].visible === true");
    await page.getByRole("slider", { name: "Window of membrane, to" }).press("ArrowRight");
    await until(page, "server.state.layers[0].channels[0].window[1] > 2600");
    await page.getByRole("slider", { name: "Direction of Light" }).press("ArrowRight");
    await until(page, "server.state.lighting.lights[0].azimuth === -30");
    for (const title of ["Picture", "Cut", "Shading"])
      await page.getByRole("button", { name: title, exact: true }).click();
    await page.getByLabel("Tone map").selectOption("linear");
    await until(page, "server.state.display.tone_map === 'linear'");
    await page.getByRole("slider", { name: "Crop along z, to" }).press("PageDown");
    await until(page, "server.state.crop.hi[2] === 0.9");
    await page.getByRole("slider", { name: "Density" }).press("End");
    await page.getByRole("alert").getByText("the density must be at most 50000").waitFor();
    expect(await seen((view) => view.viewState!.shading.density)).toBe(400);
    await page.getByRole("button", { name: "Reset everything" }).click();
    await until(page, "server.state.crop.hi[2] === 1");
    await until(page, `document.querySelector("hosta-view").viewState.display.tone_map === "filmic"`);
  });

  it("follows somebody else's camera while the hand is off", async () => {
    ({ page } = await site.page());
    await streaming();
    await page.evaluate(() => {
      const camera = { ...server.state.camera, view_angle: 41 };
      server.send({ type: "state", seq: null, sequence: 9, state: { ...server.state, camera } });
    });
    await until(page, `document.querySelector("hosta-view").camera.view_angle === 41`);
  });

  it("comes back by itself, with the last picture meanwhile, and puts its view back on a server that forgot it", async () => {
    ({ page } = await site.page());
    await streaming();
    await drag([400, 400], [500, 430]);
    await page.getByRole("switch", { name: "Show nucleus" }).click();
    await until(page, "server.state.layers[0].channels[1].visible === true");
    const camera = await seen((view) => view.camera);
    await page.evaluate(() => {
      server.answers = [503];
      server.die(true);
    });
    await until(page, `document.querySelector("hosta-view").state === "reconnecting"`);
    await page.locator("hosta-view").getByText("Reconnecting…").waitFor();
    await page.getByText("All views are taken.").waitFor();
    const light = await seen((view) => {
      const still = view.shadowRoot!.querySelector("canvas")!;
      const { data } = still.getContext("2d")!.getImageData(0, 0, still.width, still.height);
      return !still.classList.contains("held")
        ? 0
        : data.filter((_, i) => i % 4 !== 3).reduce((sum, value) => Math.max(sum, value), 0);
    });
    expect(light).toBeGreaterThan(60);
    const presented = await seen((view) => view.stats.framesPresented);
    await until(page, `document.querySelector("hosta-view").state === "connected"`);
    await streaming(presented + 3);
    // Its own view is asked for first, and given up when it is gone; then all places are taken for a while.
    const asked = await page.evaluate(() => server.asked.map((query) => new URLSearchParams(query).get("view")));
    expect(asked).toEqual([null, "1", null, null]);
    await until(page, "server.state.layers[0].channels[1].visible === true");
    expect(await page.evaluate(() => server.state.camera)).toEqual(camera);
    expect(await seen((view) => view.shadowRoot!.querySelector("canvas")!.classList.contains("held"))).toBe(false);
  });

  it("says what the renderer and the opening do", async () => {
    ({ page } = await site.page());
    await streaming();
    await page.evaluate(() => server.send({ type: "progress", what: "Reading cell.ome.zarr", done: 3, total: 10 }));
    await page.getByText("30 %").waitFor();
    expect(await page.getByRole("progressbar", { name: "Reading cell.ome.zarr" }).getAttribute("max")).toBe("10");
    await page.evaluate(() => server.send({ type: "progress", what: "Reading cell.ome.zarr", done: 10, total: 10 }));
    await page.getByText("30 %").waitFor({ state: "detached" });
  });

  it("asks for the link with the token when the server refuses it, and tries again when told to", async () => {
    ({ page } = await site.page({ prepare: "server.answers = [401]" }));
    await page.getByText("Open the link with the token that the server printed when it started.").waitFor();
    expect(await seen((view) => view.state)).toBe("unauthorized");
    await page.getByRole("button", { name: "Try again" }).click();
    await streaming();
  });

  it("ends its session when the page goes away, or the element is taken out", async () => {
    ({ page } = await site.page());
    await streaming();
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide")));
    expect(await page.evaluate(() => server.deleted)).toEqual(["whep/id1"]);
    await seen((view) => view.connect());
    await until(page, `document.querySelector("hosta-view").state === "connected"`);
    await seen((view) => view.remove());
    expect(await page.evaluate(() => server.deleted)).toEqual(["whep/id1", "whep/id2"]);
  });

  it("folds the panel away where there is little room", async () => {
    ({ page } = await site.page({ width: 420, height: 760 }));
    await streaming();
    expect(await page.locator("hosta-panel").isVisible()).toBe(false);
    await page.getByRole("button", { name: "Controls" }).click();
    expect(await page.locator("hosta-panel").isVisible()).toBe(true);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(420);
  });
});
