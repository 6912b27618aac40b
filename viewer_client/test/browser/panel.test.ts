// The panel in Chromium, by mouse and keyboard, against the server in the page: what it shows and what it patches.
import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { HostaView } from "../../src/element";
import type { LoopbackServer } from "./loopback-server";
import { executablePath, Site, until } from "./site";

declare const server: LoopbackServer;

describe.skipIf(!executablePath)("the panel in a browser", () => {
  let site: Site;
  let page: Page;
  let problems: string[];

  const state = <T>(look: (state: LoopbackServer["state"]) => T): Promise<T> =>
    page.evaluate(`(${look.toString()})(server.state)`) as Promise<T>;
  const camera = () => page.locator("hosta-view").evaluate((view) => (view as HostaView).camera!);
  const open = async (...titles: string[]): Promise<void> => {
    for (const title of titles) await page.getByRole("button", { name: title, exact: true }).click();
  };
  const becomes = (expression: string): Promise<void> => until(page, `((state) => ${expression})(server.state)`);
  /** The place of a point of a chart, 0 to 1 to the right and up, on the page. */
  const inside = async (chart: Locator, x: number, y: number): Promise<[number, number]> => {
    const box = (await chart.boundingBox())!;
    return [box.x + x * box.width, box.y + (1 - y) * box.height];
  };

  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site.close());
  beforeEach(async () => {
    ({ page, problems } = await site.page({ height: 1400 }));
    await page.getByRole("button", { name: "Layers", exact: true }).waitFor();
  });
  afterEach(async () => {
    expect(problems).toEqual([]);
    await page.close();
  });

  it("folds its parts, and remembers for the page which", async () => {
    const light = page.getByRole("button", { name: "Light", exact: true }).first();
    const cut = page.getByRole("button", { name: "Cut", exact: true });
    expect(await light.getAttribute("aria-expanded")).toBe("true");
    expect(await page.getByRole("slider", { name: "Crop along x, from" }).count()).toBe(0);
    await light.press("Enter");
    await cut.click();
    await page.getByRole("slider", { name: "Crop along x, from" }).waitFor();
    await page.reload();
    await cut.waitFor();
    expect(await light.getAttribute("aria-expanded")).toBe("false");
    expect(await cut.getAttribute("aria-expanded")).toBe("true");
  });

  it("edits a curve: a double click adds and removes a node, a drag and the arrows move it", async () => {
    await page.locator("#layers-0-channels-0").getByRole("button", { name: "Curve" }).click();
    const chart = page.getByRole("group", { name: /^Curve of membrane/ });
    await page.mouse.dblclick(...(await inside(chart, 0.3, 0.7)));
    await becomes("state.layers[0].channels[0].curve.length === 3");
    const [x, y] =
      (await state((now) => now.layers[0]!.kind === "image" && now.layers[0]!.channels[0]!.curve[1])) || [];
    expect([x, y]).toEqual([expect.closeTo(0.3, 1), expect.closeTo(0.7, 1)]);

    await page.mouse.move(...(await inside(chart, x!, y!)));
    await page.mouse.down();
    await page.mouse.move(...(await inside(chart, 0.5, 0.2)), { steps: 5 });
    await page.mouse.up();
    await becomes("Math.abs(state.layers[0].channels[0].curve[1][0] - 0.5) < 0.02");
    await becomes("Math.abs(state.layers[0].channels[0].curve[1][1] - 0.2) < 0.02");

    const node = page.getByRole("slider", { name: "Curve of membrane, node 2 of 3" });
    const before = await state((now) => now.layers[0]!.kind === "image" && now.layers[0]!.channels[0]!.curve[1]![1]);
    await node.press("Shift+ArrowUp");
    await becomes(`Math.abs(state.layers[0].channels[0].curve[1][1] - ${before} - 0.1) < 1e-6`);
    await node.press("Insert");
    await becomes("state.layers[0].channels[0].curve.length === 4");
    await page.getByRole("slider", { name: "Curve of membrane, node 3 of 4" }).press("Delete");
    await becomes("state.layers[0].channels[0].curve.length === 3");
    const at = await state((now) => now.layers[0]!.kind === "image" && now.layers[0]!.channels[0]!.curve[1]);
    await page.mouse.dblclick(...(await inside(chart, ...(at as [number, number]))));
    await becomes("state.layers[0].channels[0].curve.length === 2");
    await page.getByRole("button", { name: "Ramp for membrane" }).click();
    await becomes("state.layers[0].channels[0].curve.length === 0");
    await page.getByRole("switch", { name: "Only where values change: membrane" }).click();
    await becomes("state.layers[0].channels[0].gradient_curve.length === 2");
  });

  it("chooses colours: a map of the list, one by its name, own ones, and one again", async () => {
    const colors = page.getByLabel("Colours of membrane");
    await colors.selectOption("viridis");
    await becomes("state.layers[0].channels[0].color_map === 'viridis'");
    // A tint would change the map.
    await becomes("state.layers[0].channels[0].color.every((part) => part === 1)");
    await colors.selectOption({ label: "Another, by its name…" });
    await page.getByLabel("Name of the colour map of membrane").fill("crameri:oslo");
    await page.keyboard.press("Enter");
    await becomes("state.layers[0].channels[0].color_map === 'crameri:oslo'");
    await colors.selectOption({ label: "Own colours" });
    await becomes("state.layers[0].channels[0].colors.length === 3 && state.layers[0].channels[0].color_map === null");
    await page.getByRole("button", { name: "Add a colour to membrane" }).click();
    await becomes("state.layers[0].channels[0].colors.length === 4");
    await page.getByRole("slider", { name: "Place of colour 2 of membrane" }).press("ArrowRight");
    await becomes("state.layers[0].channels[0].colors[1][0] === 0.26");
    await colors.selectOption({ label: "One colour" });
    await becomes("state.layers[0].channels[0].colors.length === 0 && state.layers[0].channels[0].color[0] === 0.45");
  });

  it("makes windows by rules, and goes on by hand from what was seen", async () => {
    const rule = page.getByLabel("Rule of the window of membrane");
    await rule.selectOption("auto:otsu");
    await becomes("state.layers[0].channels[0].rule.method === 'otsu'");
    expect(await page.getByRole("slider", { name: "Window of membrane, from" }).count()).toBe(0);
    await rule.selectOption("percentile");
    await page.getByRole("slider", { name: "Percentiles of membrane, from" }).press("PageUp");
    await becomes("state.layers[0].channels[0].rule.low === 55");
    await rule.selectOption("level");
    await becomes("state.layers[0].channels[0].rule.kind === 'level'");
    const levelNow = () =>
      state((now) => now.layers[0]!.kind === "image" && now.layers[0]!.channels[0]!.rule) as Promise<{
        level: number;
        window: number;
      }>;
    const { window: width } = await levelNow();
    await page.getByRole("slider", { name: "Window of membrane, to" }).press("ArrowRight");
    await becomes(`state.layers[0].channels[0].rule.window !== ${width}`);
    const level = await levelNow();
    await rule.selectOption("manual");
    await becomes("state.layers[0].channels[0].rule === null");
    const window = (await state((now) => now.layers[0]!.kind === "image" && now.layers[0]!.channels[0]!.window)) as [
      number,
      number,
    ];
    expect(window).toEqual([level.level - level.window / 2, level.level + level.window / 2]);
  });

  it("has the material of channels and segmentations", async () => {
    await page.locator("#layers-0-channels-0").getByRole("button", { name: "Material" }).click();
    await page.getByRole("slider", { name: "Gloss of membrane" }).press("End");
    await becomes("state.layers[0].channels[0].material.specular === 1");
    await page.getByLabel("Glow of membrane").fill("#ff0000");
    await becomes("state.layers[0].channels[0].material.emission[0] === 1");
    await page.getByRole("slider", { name: "Strength of the glow of membrane" }).press("End");
    await becomes("state.layers[0].channels[0].material.emission_strength === 100");
    await page.getByRole("switch", { name: "Cut by box and planes: membrane" }).click();
    await becomes("state.layers[0].channels[0].clipped === false");
    await page.getByLabel("Colours of mitochondria").selectOption("glasbey");
    await becomes("state.layers[1].colors === 'glasbey'");
  });

  it("adds, changes and removes lights", async () => {
    await page.getByRole("button", { name: "Add a light" }).click();
    await becomes("state.lighting.lights.length === 2");
    await page.getByLabel("Kind of Light 2").selectOption("sphere");
    await becomes("state.lighting.lights[1].kind === 'sphere' && state.lighting.lights[1].radius > 0.3");
    await page.getByRole("slider", { name: "Radius of Light 2" }).press("End");
    await becomes("state.lighting.lights[1].radius === 10");
    await page.getByRole("slider", { name: "Direction of Light 2" }).press("ArrowUp");
    await becomes("state.lighting.lights[1].elevation === 20");
    await page.getByRole("switch", { name: "Moves with the camera: Light 2" }).click();
    await becomes("state.lighting.lights[1].follow_camera === false");
    await open("Light 1");
    await page.getByRole("button", { name: "Remove Light 1" }).click();
    await becomes("state.lighting.lights.length === 1 && state.lighting.lights[0].kind === 'sphere'");
    await page.getByLabel("Horizon").fill("#00ff00");
    await becomes("state.lighting.sky.middle[1] === 1 && state.lighting.sky.middle[0] === 0");
    await page.getByRole("button", { name: "Reset light" }).click();
    await becomes("state.lighting.lights[0].kind === 'rectangle' && state.lighting.sky.middle[0] === 0.6");
  });

  it("lights by an environment map where the scene has some", async () => {
    const source = page.getByLabel("Light of the sky from");
    expect(await source.locator("option").allTextContents()).toEqual(["Three colours", "synthetic:studio", "colors"]);
    await source.selectOption({ label: "colors" });
    await becomes("state.lighting.sky.environment === 'colors'");
    await source.selectOption({ label: "synthetic:studio" });
    await becomes("state.lighting.sky.environment === 'synthetic:studio'");
    expect(await page.getByLabel("Horizon").count()).toBe(0);
    await page.getByRole("slider", { name: "Turned by" }).press("End");
    await becomes("Math.abs(state.lighting.sky.rotation[3]) < 1e-6");
    await source.selectOption({ label: "Three colours" });
    await becomes("state.lighting.sky.environment === null");
    await page.getByLabel("Horizon").waitFor();
    await page.evaluate(() => server.greet([]));
    await source.waitFor({ state: "detached" });
  });

  it("gives guides a colour of their own, and takes it back", async () => {
    await open("Guides");
    await page.getByRole("switch", { name: "Box" }).click();
    const own = page.getByRole("switch", { name: "Colour of their own: guides" });
    await own.click();
    await page.getByLabel("Colour of the guides").fill("#ff0000");
    await becomes("state.guides.color[0] === 1 && state.guides.color[1] === 0");
    await own.click();
    await becomes("state.guides.color === null");
  });

  it("says how much of the picture is still sampled, when not all of it is", async () => {
    await page.getByRole("button", { name: "Statistics" }).click();
    const figures = page.getByLabel("Statistics", { exact: true }).locator("dt, dd");
    await page.getByText("Samples per pixel").waitFor();
    expect(await figures.allTextContents()).not.toContain("Still sampled");
    for (const [share, words] of [
      [0.374, "37 % of the picture"],
      [0.002, "< 1 % of the picture"],
      [0, "0 % of the picture"],
    ] as const) {
      await page.evaluate((value) => void (server.activeShare = value), share);
      await page.getByText(words, { exact: true }).waitFor();
    }
  });

  it("shows all figures in low pages, beside each other or by scrolling", async () => {
    await page.getByRole("button", { name: "Statistics" }).click();
    const card = page.locator(".statistics");
    for (const [width, height, scrolls] of [
      [1280, 720, false],
      [1280, 300, false],
      [420, 280, true],
    ] as const) {
      await page.setViewportSize({ width, height });
      expect(await card.evaluate((list) => list.scrollHeight > list.clientHeight)).toBe(scrolls);
      const view = (await page.locator("hosta-view").boundingBox())!;
      for (const name of ["Picture", "Server"]) {
        const figure = card.getByText(name, { exact: true }).locator("+ dd");
        await figure.scrollIntoViewIfNeeded();
        const seen = (await figure.boundingBox())!;
        expect(seen.y).toBeGreaterThanOrEqual(view.y);
        expect(seen.y + seen.height).toBeLessThanOrEqual(view.y + view.height);
        expect(seen.x).toBeGreaterThanOrEqual(view.x);
        expect(seen.x + seen.width).toBeLessThanOrEqual(view.x + view.width);
      }
    }
  });

  it("sets the lens, keeps the size of what is looked at, and looks from six sides", async () => {
    await open("Camera");
    const before = await camera();
    const span = ({ projection, parallel_scale, view_angle, position, focal_point }: typeof before): number =>
      projection === "orthographic"
        ? parallel_scale
        : Math.hypot(...position.map((x, i) => x - focal_point[i]!)) * Math.tan((view_angle * Math.PI) / 360);
    await page.getByLabel("Projection").selectOption("orthographic");
    await becomes("state.camera.projection === 'orthographic'");
    expect(span(await camera())).toBeCloseTo(span(before), 6);
    await page.getByLabel("Projection").selectOption("perspective");
    await page.getByRole("slider", { name: "View angle" }).press("End");
    await becomes("state.camera.view_angle === 120");
    expect(span(await camera())).toBeCloseTo(span(before), 6);
    await page.getByRole("slider", { name: "Lens opening" }).press("End");
    await becomes("state.camera.aperture > 1");
    await page.getByRole("switch", { name: "Sharp in the middle of the view" }).click();
    await becomes("state.camera.focus_distance > 0");
    await page.getByRole("switch", { name: "Two eyes, side by side" }).click();
    await becomes("state.camera.stereo === 'side_by_side'");
    await page.getByRole("button", { name: "Top", exact: true }).click();
    await becomes("state.camera.view_up[2] === 1 && state.camera.position[1] < 0");
    await page.getByRole("button", { name: "Reset camera" }).click();
    await becomes("state.camera.aperture === 0");
    expect(await camera()).toEqual(before);
  });

  it("cuts by planes, mirrors, and shows slices", async () => {
    await open("Cut", "Slices");
    await page.getByRole("button", { name: "Add a clip plane" }).click();
    await becomes("state.clip_planes.length === 1 && state.clip_planes[0].normal[2] === -1");
    await page.getByRole("slider", { name: "Place of Clip plane 1" }).press("Home");
    // The far side of the box: what the plane cuts away, towards the eye, is all of it.
    await becomes("Math.abs(state.clip_planes[0].point[2] - 60) < 1e-6");
    await page.getByRole("button", { name: "Flip Clip plane 1" }).click();
    await becomes("state.clip_planes[0].normal[2] === 1");
    await page.getByRole("switch", { name: "Use Clip plane 1" }).click();
    await becomes("state.clip_planes[0].visible === false");
    await page.getByRole("button", { name: "Remove Clip plane 1" }).click();
    await becomes("state.clip_planes.length === 0");
    await page.getByRole("button", { name: "Mirror along y" }).click();
    await becomes("state.flip.join() === 'false,true,false'");
    await page.getByRole("switch", { name: "Slice across z" }).click();
    await page.getByRole("slider", { name: "Place of the slice across z" }).press("End");
    await becomes("state.slices.z === 1 && state.slices.x === null");
    await page.getByRole("button", { name: "Add an oblique slice" }).click();
    await becomes("state.slices.planes.length === 1");
  });

  it("sets how the picture is computed and what is drawn over it", async () => {
    await open("Rendering", "Guides", "Picture");
    const scatterings = page.getByRole("slider", { name: "Scatterings" });
    await scatterings.press("End");
    await becomes("state.rendering.scatterings === 64");
    await page.getByRole("button", { name: "Advanced" }).click();
    await page.getByLabel("Sampler").selectOption("independent");
    await becomes("state.rendering.sampler === 'independent'");
    await page.getByRole("switch", { name: "Reference, without limits" }).click();
    await becomes("state.rendering.reference === true");
    await page.getByLabel("Mode", { exact: true }).selectOption("isosurface");
    await page.getByRole("slider", { name: "Isovalue of membrane" }).press("End");
    await becomes("state.layers[0].channels[0].isovalue > 4090");
    await page.getByLabel("Mode", { exact: true }).selectOption("slices");
    await becomes("state.rendering.mode === 'slices' && state.slices.x === 0.5");
    await page.getByRole("switch", { name: "Time stamp" }).click();
    await page.getByLabel("Time as").selectOption("unit");
    await becomes("state.guides.time_stamp && state.guides.time_format === 'unit'");
    await page.getByLabel("Tone map").selectOption("agx");
    await becomes("state.display.tone_map === 'agx'");
  });

  it("has keys for projection, axes, scale bar and slices", async () => {
    await page.mouse.click(300, 600);
    await page.keyboard.press("o");
    await becomes("state.camera.projection === 'orthographic'");
    await page.keyboard.press("a");
    await page.keyboard.press("b");
    await becomes("state.guides.axes && state.guides.scale_bar");
    await page.keyboard.press("s");
    await becomes("state.slices.x === 0.5 && state.slices.y === 0.5 && state.slices.z === 0.5");
    await page.keyboard.press("s");
    await becomes("state.slices.x === null");
    await page.keyboard.press("o");
    await becomes("state.camera.projection === 'perspective'");
  });

  it("names each control, and each name once", async () => {
    await open("Shading", "Picture", "Camera", "Cut", "Slices", "Guides", "Rendering");
    for (const name of ["Curve", "Material"]) await page.getByRole("button", { name }).first().click();
    await page.getByRole("button", { name: "Add a light" }).click();
    await becomes("state.lighting.lights.length === 2");
    await open("Light 1");
    const names = await page.evaluate(() => {
      const found: string[] = [];
      const look = (root: ParentNode): void => {
        for (const element of root.querySelectorAll<HTMLElement>("*")) {
          if (element.matches("input, select, button, [tabindex]") && element.checkVisibility()) {
            const label = (element as HTMLInputElement).labels?.[0]?.textContent;
            found.push(element.getAttribute("aria-label") ?? label ?? element.textContent.trim());
          }
          if (element.shadowRoot) look(element.shadowRoot);
        }
      };
      look(document.querySelector("hosta-panel")!.shadowRoot!);
      return found;
    });
    expect(names.length).toBeGreaterThan(80);
    expect(names.filter((name) => !name)).toEqual([]);
    // Buttons that open a part of a card stand in a group that has the card's name.
    const doubled = names.filter((name, i) => names.indexOf(name) !== i);
    expect(doubled).toEqual(["Material"]);
  });
});
