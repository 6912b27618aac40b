// One WebSocket connection to the server: messages as text, pictures as binary messages, each acknowledged once.
import { decoderOf, decodesFullChroma, hasVideoDecoder, type FrameDecoder } from "./decoder";
import { frameOf, type EncodedFrame } from "./framing";
import { BEAT_MS, Pulse } from "./pulse";
import { ConnectError, LOCKED, request, type Endpoint } from "./request";
import { median } from "./stats";
import type { Encoding, Reception, Transport, TransportHandlers } from "./transport";
import type { ClientEvent, ServerMessage } from "./wire";

const PROTOCOL = "hosta.v1";
const OPENING_MS = 8000;
/** Cameras are left out while so much waits to be sent: the newest one goes again by itself. */
const UNSENT_MAX_BYTES = 65_536;
/** Key frames are asked for at most so often. */
const KEY_FRAME_EVERY_MS = 300;
const CLOSED: Record<number, ConnectError["kind"]> = { 4401: "unauthorized", 4404: "gone", 4503: "busy" };

/** What this browser can decode by itself: video at all, and H.264 with full chroma. */
export interface Decodes {
  video: boolean;
  fullChroma: boolean;
}

/** The encoding to ask for: as wished, else video where the browser can decode it, else single images. */
export function encodingFor(wish: Encoding | "auto", decodes: Decodes): Encoding {
  if (wish === "jpeg" || wish === "webp") return wish;
  if (!decodes.video) return "jpeg";
  return wish === "auto" || (wish === "h264_444" && !decodes.fullChroma) ? "h264" : wish;
}

async function possible(wish: Encoding | "auto"): Promise<Encoding> {
  // Only who wishes for it is kept waiting for the answer.
  const fullChroma = wish === "h264_444" && (await decodesFullChroma());
  return encodingFor(wish, { video: hasVideoDecoder(), fullChroma });
}

export class WebSocketTransport implements Transport {
  readonly kind = "websocket";
  encoding: Encoding | null = null;
  private socket: WebSocket | null = null;
  private decoder: FrameDecoder | null = null;
  private decodes: Encoding | null = null;
  private readonly pulse = new Pulse();
  private timer: ReturnType<typeof setInterval> | undefined;
  private over = false;
  private keyFrameMs = Number.NEGATIVE_INFINITY;
  private counted = { framesReceived: 0, framesDropped: 0, bytesReceived: 0 };
  private decodeMs: number[] = [];
  private roundTripMs: number | null = null;

  constructor(
    private readonly endpoint: Endpoint,
    private readonly handlers: TransportHandlers,
    private readonly wish: Encoding | "auto",
  ) {}

  async encode(wish: Encoding | "auto"): Promise<void> {
    const encoding = await possible(wish);
    if (encoding !== this.encoding && this.send({ type: "encoding", encoding })) this.encoding = encoding;
  }

  async connect(): Promise<void> {
    this.encoding = await possible(this.wish);
    if (this.over) return;
    const { view, size, token, base } = this.endpoint;
    const query = new URLSearchParams({
      ...(view === null ? {} : { view }),
      ...(size === null ? {} : { width: String(size.width), height: String(size.height) }),
      encoding: this.encoding,
    });
    const address = new URL(`api/v1/ws?${query}`, base);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const protocols = token === null ? [PROTOCOL] : [PROTOCOL, `hosta.token.${token}`];
    const socket = new WebSocket(address, protocols);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    const closed = await new Promise<CloseEvent | "late" | null>((resolve) => {
      const timer = setTimeout(() => resolve("late"), OPENING_MS);
      socket.addEventListener("open", () => (clearTimeout(timer), resolve(null)));
      socket.addEventListener("close", (event) => (clearTimeout(timer), resolve(event)));
    });
    if (this.over) return;
    if (closed !== null) {
      this.close();
      throw closed === "late" ? await this.unopened() : await this.refused(closed);
    }
    socket.addEventListener("message", ({ data }) => this.receive(data as string | ArrayBuffer));
    socket.addEventListener("close", (event) => void this.ended(event));
    this.handlers.reached();
    this.handlers.open();
    this.beat();
    this.timer = setInterval(() => this.beat(), BEAT_MS);
  }

  send(event: ClientEvent, on: "events" | "motion" = "events"): boolean {
    const { socket } = this;
    if (socket === null || socket.readyState !== WebSocket.OPEN) return false;
    if (on === "motion" && socket.bufferedAmount > UNSENT_MAX_BYTES) return false;
    socket.send(JSON.stringify(event));
    return true;
  }

  doubt(): void {
    this.pulse.doubt(performance.now());
    this.ping();
  }

  async reception(): Promise<Reception> {
    const figures = {
      ...this.counted,
      lost: 0,
      jitterMs: null,
      roundTripMs: this.roundTripMs,
      decodeMs: median(this.decodeMs),
      queue: this.decoder?.waiting ?? 0,
      freezeMs: null,
    };
    this.counted = { framesReceived: 0, framesDropped: 0, bytesReceived: 0 };
    this.decodeMs = [];
    return figures;
  }

  close(): void {
    if (this.over) return;
    this.over = true;
    clearInterval(this.timer);
    this.decoder?.close();
    this.socket?.close(1000);
  }

  private beat(): void {
    if (this.over) return;
    if (this.pulse.isDead(performance.now()))
      this.lose(new ConnectError("network", "The server does not answer any more."));
    else this.ping();
  }

  private ping(): void {
    this.send({ type: "ping", client_ms: performance.now() });
  }

  private receive(data: string | ArrayBuffer): void {
    if (this.over) return;
    this.pulse.heard();
    if (typeof data !== "string") return this.take(frameOf(data));
    const message = JSON.parse(data) as ServerMessage;
    if (message.type === "pong") this.roundTripMs = performance.now() - message.client_ms;
    this.handlers.message(message);
  }

  private take(frame: EncodedFrame): void {
    const { message, data } = frame;
    this.counted.framesReceived += 1;
    this.counted.bytesReceived += data.byteLength;
    this.handlers.message(message);
    const { encoding } = message;
    if (this.decoder === null || encoding !== this.decodes) this.decodeAs(encoding);
    this.decoder!.push(frame);
  }

  private decodeAs(encoding: Encoding): void {
    this.decoder?.close();
    this.decodes = encoding;
    this.decoder = decoderOf(encoding, {
      decoded: (picture, frame, decodeMs) => {
        if (this.over) return;
        this.decodeMs.push(decodeMs);
        this.handlers.picture(picture, frame.message, decodeMs);
        this.acknowledge(frame);
      },
      dropped: (frame) => {
        this.counted.framesDropped += 1;
        this.acknowledge(frame);
      },
      lost: () => this.wantKeyFrame(),
    });
  }

  private acknowledge({ message }: EncodedFrame): void {
    this.send({ type: "ack", pts: message.frame.pts });
  }

  private wantKeyFrame(): void {
    const nowMs = performance.now();
    if (nowMs - this.keyFrameMs < KEY_FRAME_EVERY_MS) return;
    this.keyFrameMs = nowMs;
    this.send({ type: "key_frame" });
  }

  private async ended(event: CloseEvent): Promise<void> {
    if (!this.over) this.lose(errorOfClose(event, "The server closed the connection."));
  }

  private lose(error: ConnectError): void {
    if (this.over) return;
    // First the word, then the end: the last picture can still be kept.
    this.handlers.lost(error);
    this.close();
  }

  /** Why the door stayed shut. A browser does not tell what a refused upgrade was answered with: a request may. */
  private async refused(event: CloseEvent): Promise<ConnectError> {
    if (event.code in CLOSED) return errorOfClose(event, "The server refused the connection.");
    return this.unopened();
  }

  private async unopened(): Promise<ConnectError> {
    try {
      await request(this.endpoint, "config");
    } catch (error) {
      if (error instanceof ConnectError) return error;
      throw error;
    }
    const words = "The server answers, but a WebSocket could not be opened; a proxy on the way may not pass it on.";
    return new ConnectError("refused", words);
  }
}

function errorOfClose({ code, reason }: CloseEvent, otherwise: string): ConnectError {
  const kind = CLOSED[code] ?? "network";
  return new ConnectError(kind, kind === "unauthorized" ? LOCKED : reason || otherwise);
}
