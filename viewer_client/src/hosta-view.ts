// <hosta-view>: shows the stream of one view and lets a hand turn it.
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { keyAction, type KeyAction } from "./bindings";
import { Hand } from "./hand";
import { tokenGiven } from "./login";
import * as overlay from "./overlay";
import { overlayStyles } from "./overlay-styles";
import type { Change } from "./patch";
import { PointerInput } from "./pointer-input";
import { marker, readout, readoutStyles } from "./readout";
import "./people-bar";
import type { PeoplePlace } from "./people-bar";
import type { Endpoint } from "./request";
import { Screen } from "./screen";
import type { SegmentQuery } from "./searches";
import type { SessionState } from "./session";
import { statistics, statisticsStyles } from "./statistics";
import { Stills } from "./stills";
import type { Stats } from "./stats";
import { theme } from "./theme";
import { Toasts } from "./toasts";
import { Tools, type Tool } from "./tools";
import { ENCODINGS, TRANSPORTS, wishOf, type Wishes } from "./transport";
import { ViewClient } from "./view-client";
import type { ViewEvents, ViewHost } from "./view-host";
import { viewStyles } from "./view-styles";
import { fractionAt, shownHeight, viewportFor, type Size } from "./viewport";
import type {
  Camera,
  DeviceInfo,
  NewPoint,
  Pick,
  PointAnnotation,
  SceneSummary,
  SegmentsFoundMessage,
  ViewState,
} from "./wire";

const VIEWPORT_QUIET_MS = 150;
const OVERLAY_MS = 250;

@customElement("hosta-view")
export class HostaView extends LitElement {
  /** The server's base URL; the page's own folder when empty. */
  @property() src = "";
  /** The server's token, for pages from elsewhere; the server's own page uses a cookie. */
  @property() token: string | null = null;
  /** Which view to watch; the server chooses when null. */
  @property() view: string | null = null;
  /** The way to the server: "auto", "webrtc" or "websocket". */
  @property() transport: string | null = null;
  /** How the picture is coded: "auto", "h264", "h264_444", "vp8", "jpeg" or "webp". */
  @property() encoding: string | null = null;

  @state() private statisticsOn = false;

  @query(".stage") private stage!: HTMLElement;
  @query("video") private video!: HTMLVideoElement;
  @query("canvas") private canvas!: HTMLCanvasElement;
  @query(".still") private stillPlace!: HTMLElement;
  @query("dialog") private dialog!: HTMLDialogElement;

  private readonly client = new ViewClient(this.asHost());
  private readonly tools = new Tools({
    pick: (at, exact) => {
      const place = fractionAt(at, this.stageSize(), this.pictureSize());
      return place && this.client.pick(place.x, place.y, exact);
    },
    annotate: (point) => this.annotate(point),
    camera: () => this.camera,
    look: (camera) => this.client.look(camera),
    notify: (text) => this.notify(text),
    changed: () => this.requestUpdate(),
  });
  private readonly hand = new Hand({
    client: this.client,
    height: () => shownHeight(this.stageSize(), this.pictureSize()),
  });
  private readonly stills = new Stills(
    () => this.stillPlace,
    () => ({ ...this.endpoint(), size: null }),
  );
  private readonly peoplePlace: PeoplePlace = {
    people: this.client.people,
    picture: () => this.client.log.shown,
    server: () => ({ base: this.endpoint().base, token: this.token ?? tokenGiven() }),
  };
  private readonly toasts = new Toasts(() => this.requestUpdate());
  private screen: Screen | null = null;
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
    return this.client.stats(this.stills.shown);
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
    // What the machine says of its network, or that it woke up: the connection may be dead and not know it.
    for (const word of ["online", "offline"]) addEventListener(word, () => this.client.hurry(), { signal });
    document.addEventListener("resume", () => this.client.hurry(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.client.hurry(), { signal });
    this.overlayTimer = setInterval(() => this.requestUpdate(), OVERLAY_MS);
    if (this.hasUpdated) this.attach();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stop.abort();
    this.pointer?.close();
    this.screen?.close();
    this.screen = null;
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
    if (!this.screen) return;
    const isOther = (name: keyof HostaView): boolean => changed.get(name) !== undefined;
    if ((["src", "token", "view"] as const).some(isOther)) this.connect();
    else if ((["transport", "encoding"] as const).some(isOther)) this.client.wished();
  }

  private attach(): void {
    const { tools } = this;
    this.pointer = new PointerInput(this.stage, (movement) => this.hand.moved(movement), {
      get inHand() {
        return tools.inHand;
      },
      click: (at) => void tools.click(at),
      hover: (at) => tools.hover(at),
      leave: () => tools.leave(),
    });
    this.screen = new Screen(this.video, this.canvas, {
      presented: (rtpTimestamp, atMs) => this.client.presented(rtpTimestamp, atMs),
      displayed: (afterMs) => this.client.log.displayed(afterMs),
      refused: () => this.notify("The browser holds the video back; reload the page."),
    });
    this.resizes.observe(this.stage);
    this.connect();
  }

  private asHost(): ViewHost {
    return {
      endpoint: () => this.endpoint(),
      viewport: () => viewportFor(this.stageSize(), devicePixelRatio),
      holding: () => this.pointer?.active ?? false,
      wishes: () => this.wishes,
      video: (stream) => this.screen?.play(stream),
      picture: (picture) => this.screen?.draw(picture),
      still: (message) => this.stills.offered(message),
      redrawn: () => this.stills.redrawn(),
      restart: () => this.stills.restart(),
      hold: () => this.screen?.hold(),
      emit: (name, detail) => this.emit(name, detail),
      changed: () => this.requestUpdate(),
    };
  }

  private endpoint(): Omit<Endpoint, "size"> {
    const base = new URL(this.src || ".", document.baseURI);
    if (!base.pathname.endsWith("/")) base.pathname += "/";
    return { base, token: this.token, view: this.view };
  }

  private get wishes(): Wishes {
    return { transport: wishOf(this.transport, TRANSPORTS), encoding: wishOf(this.encoding, ENCODINGS) };
  }

  private readonly pictureSize = (): Size => this.screen?.size ?? { width: 0, height: 0 };

  private resized(): void {
    clearTimeout(this.viewportTimer);
    this.viewportTimer = setTimeout(() => this.client.sendViewport(), VIEWPORT_QUIET_MS);
  }

  private stageSize(): Size {
    return { width: this.stage.clientWidth, height: this.stage.clientHeight };
  }

  private readonly keyed = (event: KeyboardEvent): void => {
    const found = keyAction(event);
    if (found === null) return;
    event.preventDefault();
    this.act(found.action, found.index);
  };

  private act(action: KeyAction, index: number): void {
    if (this.hand.act(action, index)) return;
    if (action === "pick" || action === "annotate") this.choose(action);
    else if (action === "click-middle") void this.tools.click({ x: 0, y: 0 });
    else if (action === "lay-down") this.choose("turn");
    else if (action === "fullscreen") this.toggleFullscreen();
    else if (action === "help") this.toggleHelp();
    else if (action === "statistics") this.statisticsOn = !this.statisticsOn;
  }

  /** Orthographic and back, with the same size in the middle of the picture. */
  toggleProjection(): void {
    this.hand.toggleProjection();
  }

  // ---- to the page ----

  private emit<Name extends keyof ViewEvents>(name: Name, detail: ViewEvents[Name]): void {
    if (name === "hosta-camera") this.tools.cameraMoved();
    // The frame is under the still already, so that nothing flashes when that goes.
    if (name === "hosta-frame") this.stills.presented(detail as ViewEvents["hosta-frame"]);
    if (name === "hosta-error") this.notify((detail as ViewEvents["hosta-error"]).message);
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /** Takes another way, or another encoding. The page connects anew. */
  private wish({ transport, encoding }: Wishes): void {
    [this.transport, this.encoding] = [transport, encoding];
  }

  /** Shows a sentence over the picture for a while. */
  notify(text: string): void {
    this.toasts.notify(text);
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
        <canvas></canvas>
        <div class="still"></div>
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
      ${this.statisticsOn ? statistics(stats, client.hello?.server ?? "–", this.wishes, (wishes) => this.wish(wishes)) : nothing}
      ${overlay.toasts(this.toasts.list, (id) => this.toasts.dismiss(id))}
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

  static override styles = [theme, viewStyles, overlayStyles, statisticsStyles, readoutStyles];
}

declare global {
  interface HTMLElementTagNameMap {
    "hosta-view": HostaView;
  }
}
