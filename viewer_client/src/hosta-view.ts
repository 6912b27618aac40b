// <hosta-view>: shows the stream of one view and lets a hand turn it.
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { keyAction, type KeyAction } from "./bindings";
import * as maths from "./camera";
import { draggedWindow, keyMovement, type Movement } from "./gestures";
import { tokenGiven } from "./login";
import * as overlay from "./overlay";
import { overlayStyles } from "./overlay-styles";
import type { Change } from "./patch";
import { PictureClock } from "./picture-clock";
import { PointerInput } from "./pointer-input";
import { marker, readout, readoutStyles } from "./readout";
import "./people-bar";
import type { PeoplePlace } from "./people-bar";
import type { SessionState } from "./session";
import { slicesOff, slicesOn } from "./slices";
import type { Stats } from "./stats";
import { theme } from "./theme";
import { Tools, type Tool } from "./tools";
import { ViewClient, type SegmentQuery, type ViewEvents, type ViewHost } from "./view-client";
import { viewStyles } from "./view-styles";
import { fractionAt, shownHeight, viewportFor, type Size } from "./viewport";
import type { Endpoint } from "./whep";
import { shownWindow } from "./window-rules";
import type {
  Camera,
  DeviceInfo,
  NewPoint,
  Pick,
  PointAnnotation,
  SceneSummary,
  SegmentsFoundMessage,
  Slices,
  ViewState,
} from "./wire";

const VIEWPORT_QUIET_MS = 150;
const OVERLAY_MS = 250;
const TOAST_MS = 8000;

@customElement("hosta-view")
export class HostaView extends LitElement {
  /** The server's base URL; the page's own folder when empty. */
  @property() src = "";
  /** The server's token, for pages from elsewhere; the server's own page uses a cookie. */
  @property() token: string | null = null;
  /** Which view to watch; the server chooses when null. */
  @property() view: string | null = null;

  @state() private toastList: overlay.Toast[] = [];
  @state() private statisticsOn = false;
  @state() private held = false;

  @query(".stage") private stage!: HTMLElement;
  @query("video") private video!: HTMLVideoElement;
  @query("canvas") private still!: HTMLCanvasElement;
  @query("dialog") private dialog!: HTMLDialogElement;

  private readonly client = new ViewClient(this.asHost());
  private readonly tools = new Tools({
    pick: (at, exact) => {
      const { videoWidth: width, videoHeight: height } = this.video;
      const place = fractionAt(at, this.stageSize(), { width, height });
      return place && this.client.pick(place.x, place.y, exact);
    },
    annotate: (point) => this.annotate(point),
    camera: () => this.camera,
    look: (camera) => this.client.look(camera),
    notify: (text) => this.notify(text),
    changed: () => this.requestUpdate(),
  });
  private readonly peoplePlace: PeoplePlace = {
    people: this.client.people,
    picture: () => this.client.log.shown,
    server: () => ({ base: this.endpoint().base, token: this.token ?? tokenGiven() }),
  };
  private toastCount = 0;
  /** The slices that were last taken out with the key, to be put back. */
  private slicesBefore: Slices | null = null;
  private clock: PictureClock | null = null;
  private pointer: PointerInput | null = null;
  private readonly resizes = new ResizeObserver(() => this.resized());
  private stop = new AbortController();
  private viewportTimer: ReturnType<typeof setTimeout> | undefined;
  private overlayTimer: ReturnType<typeof setInterval> | undefined;

  /** How the connection is: "idle", "connecting", "connected", "reconnecting" or "unauthorized". */
  get state(): SessionState {
    return this.client.connection;
  }

  /** What is shown, with this client's camera and its changes; null before the first connection. */
  get viewState(): ViewState | null {
    return this.client.state;
  }

  get defaultState(): ViewState | null {
    return this.client.hello?.default_state ?? null;
  }

  get scene(): SceneSummary | null {
    return this.client.hello?.scene ?? null;
  }

  get device(): DeviceInfo | null {
    return this.client.hello?.device ?? null;
  }

  get stats(): Stats {
    return this.client.log.stats(performance.now());
  }

  /** The camera; setting it moves the view. */
  get camera(): Camera | null {
    return this.client.camera;
  }

  set camera(camera: Camera | null) {
    if (camera !== null) this.client.look(camera);
  }

  /** Connects, or connects anew. Happens by itself when the element is put into a page. */
  connect(): void {
    this.client.connect();
  }

  /** Ends the stream; the last picture stays. */
  disconnect(): void {
    this.client.disconnect();
  }

  /** Changes the state: shown at once, sent with the next animation frame, taken back if the server refuses it. */
  patch(...ops: Change[]): void {
    this.client.patch(ops.map(({ op = "put", path, value }) => ({ op, path: [...path], value })));
  }

  /** Finds segments by name or id, a page at a time. Rejects where there is no connection or no such segmentation. */
  searchSegments(query: SegmentQuery): Promise<SegmentsFoundMessage> {
    return this.client.searchSegments(query);
  }

  /** Puts the camera back to the scene's default. */
  resetCamera(): void {
    this.client.resetCamera();
  }

  /** Puts everything back to the scene's default. */
  resetAll(): void {
    this.client.resetAll();
  }

  /** The scene's annotations, oldest first. */
  get annotations(): readonly PointAnnotation[] {
    return this.client.annotations;
  }

  /** What the picture on the screen shows at fractions of it from its top left corner. */
  pick(x: number, y: number): Promise<Pick> {
    return this.client.pick(x, y);
  }

  /** Puts a point into the scene; it is in `annotations` once the server has it on its disk. */
  annotate(point: NewPoint): void {
    this.client.annotate(point);
  }

  renameAnnotation(id: string, label: string): void {
    this.client.renameAnnotation(id, label);
  }

  deleteAnnotation(id: string): void {
    this.client.deleteAnnotation(id);
  }

  /** Takes a tool into the hand, or lays it down: "turn", "pick" or "annotate". */
  choose(tool: Tool): void {
    this.tools.choose(tool);
  }

  toggleFullscreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else this.requestFullscreen().catch(() => this.notify("The browser does not allow full screen here."));
  }

  toggleHelp(): void {
    if (this.dialog.open) this.dialog.close();
    else this.dialog.showModal();
  }

  override focus(options?: FocusOptions): void {
    this.stage.focus(options);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.stop = new AbortController();
    const { signal } = this.stop;
    addEventListener("pagehide", () => this.disconnect(), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.connect(), { signal });
    addEventListener("online", () => this.client.hurry(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.client.hurry(), { signal });
    this.overlayTimer = setInterval(() => this.requestUpdate(), OVERLAY_MS);
    if (this.hasUpdated) this.attach();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stop.abort();
    this.pointer?.close();
    this.clock?.close();
    this.resizes.disconnect();
    clearTimeout(this.viewportTimer);
    clearInterval(this.overlayTimer);
    this.disconnect();
  }

  protected override firstUpdated(): void {
    this.video.muted = true;
    this.attach();
  }

  protected override updated(changed: PropertyValues<this>): void {
    const old = (["src", "token", "view"] as const).filter((name) => changed.has(name));
    if (this.clock && old.some((name) => changed.get(name) !== undefined)) this.connect();
  }

  private attach(): void {
    const { tools } = this;
    this.pointer = new PointerInput(this.stage, (movement) => this.moved(movement), {
      get inHand() {
        return tools.inHand;
      },
      click: (at) => void tools.click(at),
      hover: (at) => tools.hover(at),
      leave: () => tools.leave(),
    });
    this.clock = new PictureClock(this.video, (rtpTimestamp, atMs) => {
      this.held = false;
      this.client.presented(rtpTimestamp, atMs);
    });
    this.resizes.observe(this.stage);
    this.connect();
  }

  private asHost(): ViewHost {
    return {
      endpoint: () => this.endpoint(),
      viewport: () => viewportFor(this.stageSize(), devicePixelRatio),
      holding: () => this.pointer?.active ?? false,
      video: (stream) => this.play(stream),
      hold: () => this.hold(),
      emit: (name, detail) => this.emit(name, detail),
      changed: () => this.requestUpdate(),
    };
  }

  private endpoint(): Omit<Endpoint, "size"> {
    const base = new URL(this.src || ".", document.baseURI);
    if (!base.pathname.endsWith("/")) base.pathname += "/";
    return { base, token: this.token, view: this.view };
  }

  private play(stream: MediaStream): void {
    this.video.srcObject = stream;
    this.video.play().catch((error: unknown) => {
      // A newer stream interrupts the start of an older one; only a browser's refusal concerns the user.
      if ((error as Error).name === "NotAllowedError")
        this.notify("The browser holds the video back; reload the page.");
    });
  }

  /** Keeps the last picture on the screen while there is no stream. */
  private hold(): void {
    const { videoWidth, videoHeight } = this.video;
    if (videoWidth === 0 || this.held) return;
    this.still.width = videoWidth;
    this.still.height = videoHeight;
    this.still.getContext("2d")?.drawImage(this.video, 0, 0);
    // A stream that ends may still show one frame, a black one.
    this.video.srcObject = null;
    this.held = true;
  }

  private resized(): void {
    clearTimeout(this.viewportTimer);
    this.viewportTimer = setTimeout(() => this.client.sendViewport(), VIEWPORT_QUIET_MS);
  }

  private stageSize(): Size {
    return { width: this.stage.clientWidth, height: this.stage.clientHeight };
  }

  // ---- from the hand ----

  private moved(movement: Movement): void {
    const { client } = this;
    const { camera, hello } = client;
    if (camera === null || hello === null) return;
    const { videoWidth, videoHeight } = this.video;
    const height = shownHeight(this.stageSize(), { width: videoWidth, height: videoHeight });
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
    for (const [i, layer] of (this.viewState?.layers ?? []).entries()) {
      if (layer.kind !== "image" || !layer.visible) continue;
      const c = layer.channels.findIndex((channel) => channel.visible);
      const channel = layer.channels[c];
      if (!channel) continue;
      const summary = this.scene?.layers[i]?.channels[c];
      const window = shownWindow(channel, summary) ?? channel.window;
      const path = ["layers", i, "channels", c];
      const value = draggedWindow(window, summary?.range ?? window, dx, dy, size);
      this.patch({ path: [...path, "window"], value });
      // A hand takes over from a rule.
      if (channel.rule !== null) this.patch({ path: [...path, "rule"], value: null });
      return;
    }
  }

  private toggleChannel(index: number): void {
    const channels = (this.viewState?.layers ?? []).flatMap((layer, i) =>
      layer.kind === "image"
        ? layer.channels.map((channel, c) => ({ channel, path: ["layers", i, "channels", c] }))
        : [],
    );
    const chosen = channels[index];
    if (chosen) this.patch({ path: [...chosen.path, "visible"], value: !chosen.channel.visible });
  }

  /** Orthographic and back, with the same size in the middle of the picture. */
  toggleProjection(): void {
    const { camera } = this;
    if (camera === null) return;
    this.camera = maths.withProjection(camera, camera.projection === "perspective" ? "orthographic" : "perspective");
  }

  private toggleGuide(name: "axes" | "scale_bar"): void {
    const state = this.viewState;
    if (state) this.patch({ path: ["guides", name], value: !state.guides[name] });
  }

  private toggleSlices(): void {
    const slices = this.viewState?.slices;
    if (!slices) return;
    const off = slicesOff(slices);
    if (off !== slices) this.slicesBefore = slices;
    this.patch({ path: ["slices"], value: off === slices ? slicesOn(slices, this.slicesBefore) : off });
  }

  private readonly keyed = (event: KeyboardEvent): void => {
    const found = keyAction(event);
    if (found === null) return;
    event.preventDefault();
    this.act(found.action, found.index);
  };

  private act(action: KeyAction, index: number): void {
    const movement = keyMovement(action);
    if (movement) this.moved(movement);
    else if (action === "channel") this.toggleChannel(index);
    else if (action === "ortho") this.toggleProjection();
    else if (action === "slices") this.toggleSlices();
    else if (action === "axes") this.toggleGuide("axes");
    else if (action === "scale-bar") this.toggleGuide("scale_bar");
    else if (action === "pick" || action === "annotate") this.choose(action);
    else if (action === "click-middle") void this.tools.click({ x: 0, y: 0 });
    else if (action === "lay-down") this.choose("turn");
    else if (action === "reset") this.resetCamera();
    else if (action === "fullscreen") this.toggleFullscreen();
    else if (action === "help") this.toggleHelp();
    else if (action === "statistics") this.statisticsOn = !this.statisticsOn;
  }

  // ---- to the page ----

  private emit<Name extends keyof ViewEvents>(name: Name, detail: ViewEvents[Name]): void {
    if (name === "hosta-camera") this.tools.cameraMoved();
    if (name === "hosta-error") this.notify((detail as ViewEvents["hosta-error"]).message);
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /** Shows a sentence over the picture for a while. */
  notify(text: string): void {
    const id = ++this.toastCount;
    this.toastList = [...this.toastList.filter((toast) => toast.text !== text).slice(-2), { id, text }];
    setTimeout(() => this.dismiss(id), TOAST_MS);
  }

  private dismiss(id: number): void {
    this.toastList = this.toastList.filter((toast) => toast.id !== id);
  }

  protected override render(): TemplateResult {
    const { stats, client } = this;
    const { tool, readout: found } = this.tools;
    const { box_lo = [0, 0, 0], box_hi = [1, 1, 1] } = this.scene ?? {};
    const noted = this.annotations.find((point) => point.id === found?.annotation) ?? null;
    return html`
      <div
        class="stage"
        data-tool=${tool}
        tabindex="0"
        role="application"
        aria-label=${`Picture of ${this.scene?.name ?? "the scene"}; h for help`}
        @keydown=${this.keyed}
      >
        <video autoplay playsinline muted disablepictureinpicture></video>
        <canvas ?hidden=${!this.held}></canvas>
      </div>
      ${this.hasUpdated ? marker(found, this.stage.clientWidth, this.stage.clientHeight) : nothing}
      ${readout(tool, found, noted, Math.max(...box_hi.map((part, axis) => part - box_lo[axis]!)), {
        focus: () => this.tools.focusHere(),
        annotate: () => this.tools.annotateHere(),
        rename: (id, label) => this.renameAnnotation(id, label),
        remove: (id) => {
          this.deleteAnnotation(id);
          this.tools.close();
        },
        close: () => this.tools.close(),
      })}
      ${overlay.statusBar(stats, this.device)}
      <div role="status">${overlay.connectionNote(this.state, client.reason, client.workerNote)}</div>
      ${overlay.opening(client.progress)}
      ${this.state === "unauthorized" ? overlay.locked(client.reason, () => this.connect()) : nothing}
      ${overlay.toolbar(
        {
          choose: (chosen) => this.choose(chosen),
          reset: () => this.resetCamera(),
          statistics: () => this.act("statistics", 0),
          fullscreen: () => this.toggleFullscreen(),
          help: () => this.toggleHelp(),
        },
        this.statisticsOn,
        tool,
      )}
      ${this.statisticsOn ? overlay.statistics(stats, client.hello?.server ?? "–") : nothing}
      ${overlay.toasts(this.toastList, (id) => this.dismiss(id))}
      <hosta-people .place=${this.peoplePlace}></hosta-people>
      <dialog aria-label="Help" @keydown=${this.helpKeyed} @click=${this.helpClicked}>
        ${overlay.helpContent(() => this.dialog.close())}
      </dialog>
    `;
  }

  private readonly helpKeyed = (event: KeyboardEvent): void => {
    if (keyAction(event)?.action === "help") this.dialog.close();
  };

  private readonly helpClicked = (event: MouseEvent): void => {
    if (event.target === this.dialog) this.dialog.close();
  };

  static override styles = [theme, viewStyles, overlayStyles, readoutStyles];
}

declare global {
  interface HTMLElementTagNameMap {
    "hosta-view": HostaView;
  }
}
