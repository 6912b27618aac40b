// What a hand on the picture, or a key, does to the view.
import type { KeyAction } from "./bindings";
import * as maths from "./camera";
import { draggedWindow, keyMovement, type Movement } from "./gestures";
import type { Path } from "./patch";
import { slicesOff, slicesOn } from "./slices";
import type { ViewClient } from "./view-client";
import { shownWindow } from "./window-rules";
import type { Slices } from "./wire";

export interface HandHost {
  client: ViewClient;
  /** The height of the picture on the screen, CSS pixels. */
  height(): number;
}

export class Hand {
  /** The slices that were last taken out with the key, to be put back. */
  private slicesBefore: Slices | null = null;

  constructor(private readonly host: HandHost) {}

  /** Does what a key stands for; whether that is something of the view itself. */
  act(action: KeyAction, index: number): boolean {
    const movement = keyMovement(action);
    if (movement) this.moved(movement);
    else if (action === "channel") this.toggleChannel(index);
    else if (action === "ortho") this.toggleProjection();
    else if (action === "slices") this.toggleSlices();
    else if (action === "axes") this.toggleGuide("axes");
    else if (action === "scale-bar") this.toggleGuide("scale_bar");
    else if (action === "reset") this.host.client.resetCamera();
    else return false;
    return true;
  }

  moved(movement: Movement): void {
    const { client } = this.host;
    const { camera, hello } = client;
    if (camera === null || hello === null) return;
    const height = this.host.height();
    const { box_lo, box_hi } = hello.scene;
    switch (movement.kind) {
      case "orbit":
        return client.look(maths.orbit(camera, movement.dx, movement.dy, height, hello.default_state.camera.view_up));
      case "pan":
        return client.look(maths.pan(camera, movement.from, movement.to, height));
      case "zoom":
        return client.look(maths.zoom(camera, movement.factor, movement.at, height, maths.reachOf(box_lo, box_hi)));
      case "roll":
        return client.look(maths.roll(camera, movement.angle));
      case "window":
        return this.dragWindow(movement.dx, movement.dy, height);
    }
  }

  private dragWindow(dx: number, dy: number, size: number): void {
    for (const [i, layer] of (this.host.client.state?.layers ?? []).entries()) {
      if (layer.kind !== "image" || !layer.visible) continue;
      const c = layer.channels.findIndex((channel) => channel.visible);
      const channel = layer.channels[c];
      if (!channel) continue;
      const summary = this.host.client.hello?.scene.layers[i]?.channels[c];
      const window = shownWindow(channel, summary) ?? channel.window;
      const path = ["layers", i, "channels", c];
      const value = draggedWindow(window, summary?.range ?? window, dx, dy, size);
      this.put({ path: [...path, "window"], value });
      // A hand takes over from a rule.
      if (channel.rule !== null) this.put({ path: [...path, "rule"], value: null });
      return;
    }
  }

  private toggleChannel(index: number): void {
    const channels = (this.host.client.state?.layers ?? []).flatMap((layer, i) =>
      layer.kind === "image"
        ? layer.channels.map((channel, c) => ({ channel, path: ["layers", i, "channels", c] }))
        : [],
    );
    const chosen = channels[index];
    if (chosen) this.put({ path: [...chosen.path, "visible"], value: !chosen.channel.visible });
  }

  /** Orthographic and back, with the same size in the middle of the picture. */
  toggleProjection(): void {
    const { client } = this.host;
    if (client.camera === null) return;
    const other = client.camera.projection === "perspective" ? "orthographic" : "perspective";
    client.look(maths.withProjection(client.camera, other));
  }

  private toggleGuide(name: "axes" | "scale_bar"): void {
    const state = this.host.client.state;
    if (state) this.put({ path: ["guides", name], value: !state.guides[name] });
  }

  private toggleSlices(): void {
    const slices = this.host.client.state?.slices;
    if (!slices) return;
    const off = slicesOff(slices);
    if (off !== slices) this.slicesBefore = slices;
    this.put({ path: ["slices"], value: off === slices ? slicesOn(slices, this.slicesBefore) : off });
  }

  private put(...changes: { path: Path; value: unknown }[]): void {
    this.host.client.patch(changes.map(({ path, value }) => ({ op: "put", path: [...path], value })));
  }
}
