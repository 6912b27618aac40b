// What a view is to this client, without any picture: the connection, the mirrored state, the camera in the hand, the
// figures. The element draws it and feeds it; other hosts (a notebook) can do the same.
import { Annotations, type AnnotationEvent } from "./annotations";
import * as maths from "./camera";
import { ANSWER_MS, Mirror } from "./mirror";
import { People } from "./people";
import { difference, sourcesOf } from "./patch";
import { TransportChoice } from "./choice";
import { SessionMemory } from "./memory";
import { PickError, Picks } from "./picks";
import { Reports } from "./reports";
import type { Endpoint } from "./request";
import { Searches, type SegmentQuery } from "./searches";
import { Session, type SessionState } from "./session";
import { FrameLog, type Stats } from "./stats";
import type { Transport, TransportHandlers, TransportKind, Wishes } from "./transport";
import { WORKER_NOTES, type ViewHost } from "./view-host";
import { WebSocketTransport } from "./websocket";
import { hasWebRtc, WebRtcTransport } from "./whep";
import type {
  Camera,
  FrameInfo,
  HelloMessage,
  NewPoint,
  Op,
  Pick,
  PointAnnotation,
  ProgressMessage,
  SegmentsFoundMessage,
  ServerMessage,
  ViewState,
} from "./wire";

/** A camera sent by the lossy channel is sent again by the reliable one when it was not shown after this long. */
const CAMERA_AGAIN_MS = 150;
/** A camera that was never echoed is, after this long, no reason any more to ignore the server's. */
const CAMERA_OWN_MS = 2000;

function make(kind: TransportKind, endpoint: Endpoint, handlers: TransportHandlers, wishes: Wishes): Transport {
  const Way = kind === "webrtc" ? WebRtcTransport : WebSocketTransport;
  return new Way(endpoint, handlers, wishes.encoding);
}

export class ViewClient {
  readonly log = new FrameLog();
  hello: HelloMessage | null = null;
  progress: ProgressMessage | null = null;
  /** How the renderer is, when that is worth a word. */
  workerNote = "";
  /** Why there is no connection, when that is known. */
  reason = "";
  readonly people = new People((event, on) => this.session.send(event, on));
  private readonly mirror = new Mirror();
  private readonly notes = new Annotations();
  private readonly picks = new Picks((event) => this.session.send(event));
  private readonly searches = new Searches((event) => this.session.send(event));
  private readonly session: Session;
  private readonly reports: Reports;
  private eye: Camera | null = null;
  // From the clock, so that a page that was loaded again goes on above its earlier numbers.
  private seq = Date.now();
  private joined: string | null = null;
  private cameraDirty = false;
  private cameraSentMs = 0;
  private resetSeq = -1;
  private resetWaits = false;
  private frameAsked = false;
  private again: ReturnType<typeof setTimeout> | undefined;
  private lateAnswers: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: ViewHost) {
    this.session = new Session(
      {
        endpoint: () => this.endpoint(),
        wishes: () => host.wishes(),
        choice: new TransportChoice(new SessionMemory(() => host.endpoint().base)),
        hasWebRtc: hasWebRtc(),
        wallMs: () => Date.now(),
        make,
      },
      {
        message: (message) => this.receive(message),
        video: (stream) => host.video(stream),
        picture: (picture, { rtp_timestamp }, decodeMs) => {
          this.log.decoded(decodeMs);
          host.picture(picture);
          this.presented(rtp_timestamp, performance.now());
        },
        beginning: () => {
          this.log.restart();
          host.restart();
        },
        open: () => {
          this.sendViewport();
          this.people.opened();
        },
        leaving: () => host.hold(),
        gone: () => this.forgetView(),
        state: (state, note) => this.connectionChanged(state, note),
      },
    );
    this.reports = new Reports(this.log, this.session);
  }

  get connection(): SessionState {
    return this.session.state;
  }

  /** What is shown, with this client's camera and its changes; null before the first connection. */
  get state(): ViewState | null {
    const shown = this.mirror.state;
    return shown === null || this.eye === null ? shown : { ...shown, camera: this.eye };
  }

  get camera(): Camera | null {
    return this.eye;
  }

  /** The figures now; `still` when a lossless one is shown. */
  stats(still: boolean): Stats {
    return this.log.stats(performance.now(), this.session.transport?.kind ?? null, still);
  }

  get annotations(): readonly PointAnnotation[] {
    return this.notes.list;
  }

  /** What the frame on the screen shows at fractions of it from the top left. Rejects with a PickError. */
  pick(x: number, y: number, exact = true): Promise<Pick> {
    const frame = this.log.shown;
    if (frame === null || this.connection !== "connected") {
      return Promise.reject(new PickError("There is no picture yet."));
    }
    return this.picks.ask(this.nextSeq(), frame, x, y, exact);
  }

  annotate(point: NewPoint): void {
    this.say({ type: "annotate", seq: this.nextSeq(), point });
  }

  renameAnnotation(id: string, label: string): void {
    this.say({ type: "annotation_rename", seq: this.nextSeq(), id, label });
  }

  deleteAnnotation(id: string): void {
    this.say({ type: "annotation_delete", seq: this.nextSeq(), id });
  }

  /** Says something that must be answered: after a break, or before the server's hello, it is said later. */
  private say(event: AnnotationEvent): void {
    this.notes.sent(event);
    if (this.connection === "connected") this.session.send(event);
  }

  connect(): void {
    this.reports.start();
    this.session.start();
  }

  disconnect(): void {
    clearTimeout(this.again);
    clearTimeout(this.lateAnswers);
    this.reports.stop();
    this.session.stop();
  }

  /** The user wishes for another way or encoding. */
  wished(): void {
    this.session.wished();
  }

  /** Tries again now, if it waits to. */
  hurry(): void {
    this.session.hurry();
  }

  /** Looks from another camera: at once here, with the next animation frame at the server. */
  look(camera: Camera): void {
    if (this.people.blocked) return;
    this.eye = camera;
    this.cameraDirty = true;
    this.host.emit("hosta-camera", camera);
    this.askFrame();
  }

  /** Changes the state: shown at once, sent with the next animation frame, taken back if the server refuses it. */
  patch(ops: readonly Op[]): void {
    if (this.mirror.state === null) return;
    this.mirror.put(ops);
    this.stateChanged();
    this.askFrame();
  }

  /** Finds segments by name or id. Rejects with what the server says is wrong, and when the connection ends. */
  searchSegments(query: SegmentQuery): Promise<SegmentsFoundMessage> {
    if (this.connection !== "connected") return Promise.reject(new Error("there is no connection"));
    return this.searches.ask(this.nextSeq(), query);
  }

  resetCamera(): void {
    if (this.hello) this.look(this.hello.default_state.camera);
  }

  /** Puts everything back to the scene's default. */
  resetAll(): void {
    this.mirror.drop();
    this.cameraDirty = false;
    this.resetSeq = this.nextSeq();
    this.resetWaits = true;
    this.sendReset();
  }

  /** A reset that was not answered is said again after a break, before the changes that followed it. */
  private sendReset(): void {
    if (this.connection === "connected") this.session.send({ type: "reset", seq: this.resetSeq, what: "all" });
  }

  sendViewport(): void {
    const size = this.host.viewport();
    if (size !== null) this.session.send({ type: "viewport", ...size });
  }

  /** A video frame came to the screen. */
  presented(rtpTimestamp: number | undefined, atMs: number): void {
    this.explained(this.log.presented(rtpTimestamp, atMs));
  }

  /** Where to connect to: after a break to the same view again, which waits for a while. */
  private endpoint(): Endpoint {
    const endpoint = this.host.endpoint();
    // With a free camera that is another view than the one the page names.
    const view = this.people.follows ? (endpoint.view ?? this.joined) : (this.joined ?? endpoint.view);
    return { ...endpoint, view, size: this.host.viewport() };
  }

  private forgetView(): boolean {
    const had = this.joined !== null;
    this.joined = null;
    return had;
  }

  private nextSeq(): number {
    this.seq += 1;
    return this.seq;
  }

  private receive(message: ServerMessage): void {
    switch (message.type) {
      case "hello":
        this.greet(message);
        break;
      case "state":
      case "patched":
        this.mirror.answer(message);
        if (message.seq !== null && message.seq >= this.resetSeq) this.resetWaits = false;
        if (this.mirror.camera !== null) this.takeCamera(this.mirror.camera, message.seq === this.resetSeq);
        this.stateChanged();
        this.askFrame();
        break;
      case "frame":
        this.explained(this.log.noted(message, performance.now()));
        break;
      case "still":
        this.host.still(message);
        break;
      case "worker":
        this.workerNote = WORKER_NOTES[message.status];
        this.host.changed();
        break;
      case "progress":
        this.progress = message.total > 0 && message.done >= message.total ? null : message;
        this.host.changed();
        break;
      case "segments_found":
        this.searches.answered(message);
        break;
      case "picked":
        this.picks.answered(message.seq, message.pick);
        break;
      case "annotations":
      case "annotated":
        if (this.notes.told(message)) this.annotationsChanged();
        if (message.type === "annotated") this.host.redrawn();
        if (message.type === "annotations" && message.last) {
          for (const event of this.notes.toSendAgain) this.session.send(event);
        }
        break;
      case "people":
      case "pointers":
        this.people.told(message, performance.now());
        break;
      case "error":
        if (this.searches.refused(message)) break;
        if (this.people.refused(message)) {
          // The camera is where the one who steers has it.
          this.cameraDirty = false;
          if (message.seq !== null) this.mirror.refuse(message.seq);
          if (this.mirror.camera !== null) this.takeCamera(this.mirror.camera, true);
          this.stateChanged();
          break;
        }
        // Of a pick only the one who asked is told.
        if (message.seq !== null && this.picks.refused(message.seq, message.message)) break;
        if (message.seq !== null) {
          this.mirror.refuse(message.seq);
          this.notes.refused(message.seq);
        }
        this.host.emit("hosta-error", message);
        this.stateChanged();
        break;
      case "pong":
        this.log.roundTripMs = performance.now() - message.client_ms;
        break;
    }
  }

  private greet(hello: HelloMessage): void {
    const before = this.mirror.state;
    const sameScene = this.hello !== null && sourcesOf(this.hello.default_state) === sourcesOf(hello.default_state);
    // A server that started anew knows nothing of this view: what this client had is put back.
    const another = hello.view !== this.joined;
    // To a camera of one's own, and back from it, goes who is connected: that view is seen as it is.
    const moves = another && this.hello !== null && this.session.state === "connected";
    const joins = moves || (another && hello.view === this.host.endpoint().view);
    const forgotten = sameScene && !joins && (another || hello.sequence < this.mirror.sequence);
    if (joins) this.mirror.drop();
    if (!sameScene) {
      this.mirror.drop();
      this.notes.forget();
    }
    this.hello = hello;
    this.joined = hello.view;
    this.progress = null;
    this.workerNote = "";
    this.mirror.begin(hello.state, hello.sequence);
    if (forgotten && before && !this.resetWaits) this.mirror.put(difference(hello.state, before));
    // A camera that the server has already is not sent again: somebody else may have moved it since.
    if (this.eye === null || !sameScene) this.eye = hello.state.camera;
    else if (joins) this.takeCamera(hello.state.camera, true);
    else if (forgotten || this.log.waitsForCamera) this.cameraDirty = true;
    else this.takeCamera(hello.state.camera, false);
    this.session.greeted();
    if (this.resetWaits) this.sendReset();
    this.host.emit("hosta-connected", { view: hello.view, scene: hello.scene.name });
    this.stateChanged();
    this.askFrame();
  }

  /** Follows a camera that somebody else moved, but never takes the camera out of the hand that holds it. */
  private takeCamera(camera: Camera, ours: boolean): void {
    const waiting = this.log.waitsForCamera && performance.now() - this.cameraSentMs < CAMERA_OWN_MS;
    // While somebody else steers, there is no hand that holds it.
    if (this.people.steered) this.cameraDirty = false;
    else if (!ours && (this.host.holding() || this.cameraDirty || waiting)) return;
    if (this.eye !== null && maths.sameCamera(this.eye, camera)) return;
    this.eye = camera;
    this.host.emit("hosta-camera", camera);
  }

  private explained(frame: FrameInfo | null): void {
    if (frame === null) return;
    // The first picture after a restart says better than words that the renderer is back.
    this.workerNote = "";
    this.host.emit("hosta-frame", frame);
  }

  private connectionChanged(state: SessionState, note: string): void {
    if (state !== "connected") {
      this.progress = null;
      this.picks.lost();
      this.searches.lost();
    }
    this.reason = note;
    this.host.emit("hosta-connection", { state, note });
    this.host.changed();
  }

  /** One message of each kind an animation frame, however fast the hand is. */
  private askFrame(): void {
    if (this.frameAsked) return;
    this.frameAsked = true;
    requestAnimationFrame(() => {
      this.frameAsked = false;
      this.flush();
    });
  }

  private flush(): void {
    if (this.connection !== "connected") return;
    if (this.cameraDirty && this.eye !== null) this.sendCamera(this.eye);
    const event = this.mirror.flush(() => this.nextSeq(), performance.now());
    if (event !== null) this.session.send(event);
    clearTimeout(this.lateAnswers);
    if (!this.mirror.settled) this.lateAnswers = setTimeout(() => this.askFrame(), ANSWER_MS);
  }

  private sendCamera(camera: Camera): void {
    this.cameraDirty = false;
    const seq = this.nextSeq();
    this.cameraSentMs = performance.now();
    this.log.cameraSentAt(seq, this.cameraSentMs);
    this.session.send({ type: "camera", seq, camera }, "motion");
    clearTimeout(this.again);
    this.again = setTimeout(() => this.sendAgain(seq, camera), CAMERA_AGAIN_MS);
  }

  /** The last camera of a movement must arrive, and `motion` may have lost it. */
  private sendAgain(seq: number, camera: Camera): void {
    if (this.log.waitsForCamera) this.session.send({ type: "camera", seq, camera });
  }

  private annotationsChanged(): void {
    this.host.emit("hosta-annotations", this.annotations);
    this.host.changed();
  }

  private stateChanged(): void {
    this.host.emit("hosta-state", this.state);
    this.host.changed();
  }
}
