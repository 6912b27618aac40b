// One WebRTC connection to the server, from the offer to the end: video in, two data channels, WHEP-shaped signalling.
import type { Size } from "./viewport";
import type { ClientEvent, ServerMessage } from "./wire";

const GATHERING_MS = 1000;
const CONNECTING_MS = 10_000;
/** ICE calls a connection "disconnected" when it may still come back; after this long it is taken for lost. */
const DISCONNECTED_MS = 2000;
/** Unanswered pings, one a second, after which the server is taken for gone. */
const PINGS_MAX = 4;
const PING_EVERY_MS = 1000;

export interface Endpoint {
  /** The server's base URL; it ends in a slash. */
  base: URL;
  /** Sent as a bearer token; null where a cookie (or nothing) opens the door. */
  token: string | null;
  /** The view to watch; null for the server's own choice. */
  view: string | null;
  /** The size in device pixels that a new view should start with; null where it is not known yet. */
  size: Size | null;
}

export interface WhepHandlers {
  message(message: ServerMessage): void;
  video(stream: MediaStream): void;
  /** The events channel is open: what is sent from now on arrives. */
  open(): void;
  /** The connection is over, for good, and not because of `close`. */
  lost(reason: string): void;
}

/** Why a connection could not be made; `message` is a sentence for people. */
export class ConnectError extends Error {
  constructor(
    readonly kind: "unauthorized" | "busy" | "gone" | "refused" | "network",
    message: string,
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
  }
}

/** What a failed request says, in words. */
export async function errorOf(response: Response): Promise<ConnectError> {
  if (response.status === 401 || response.status === 403) {
    return new ConnectError("unauthorized", "Open the link with the token that the server printed when it started.");
  }
  const body: unknown = await response.json().catch(() => null);
  const said = body !== null && typeof body === "object" ? (body as Record<string, unknown>) : {};
  const words = [said.message, said.detail].find((text) => typeof text === "string");
  const retry = Number(response.headers.get("retry-after") ?? Number.NaN);
  const message = typeof words === "string" ? words : `The server answered ${response.status}.`;
  const kind = ({ 404: "gone", 429: "busy", 503: "busy" } as const)[response.status] ?? "refused";
  return new ConnectError(kind, message, Number.isFinite(retry) ? retry : null);
}

/** A request to the server's API. Raises ConnectError when there is no answer or it is not a success. */
export async function request(endpoint: Endpoint, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (endpoint.token !== null) headers.set("authorization", `Bearer ${endpoint.token}`);
  const response = await fetch(new URL(`api/v1/${path}`, endpoint.base), {
    ...init,
    headers,
    credentials: "same-origin",
    cache: "no-store",
  }).catch((error: unknown) => {
    if (init.signal?.aborted) throw error;
    throw new ConnectError("network", "The server does not answer.");
  });
  if (!response.ok) throw await errorOf(response);
  return response;
}

function serversOf(config: unknown): RTCIceServer[] {
  const servers = (config as { ice_servers?: unknown } | null)?.ice_servers;
  return Array.isArray(servers) ? (servers as RTCIceServer[]) : [];
}

/** H.264 before all else: the server sends nothing else. */
function preferH264(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  const h264 = codecs.filter((codec) => codec.mimeType.toLowerCase() === "video/h264");
  if (h264.length === 0) return;
  transceiver.setCodecPreferences([...h264, ...codecs.filter((codec) => !h264.includes(codec))]);
}

function gathered(peer: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHERING_MS);
    const check = (): void => {
      if (peer.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve();
    };
    peer.addEventListener("icegatheringstatechange", check);
    check();
  });
}

export class WhepConnection {
  private readonly peer: RTCPeerConnection;
  private readonly events: RTCDataChannel;
  private readonly motion: RTCDataChannel;
  private readonly abort = new AbortController();
  private id: string | null = null;
  private over = false;
  private unanswered = 0;
  private timers: ReturnType<typeof setTimeout>[] = [];

  private constructor(
    private readonly endpoint: Endpoint,
    private readonly handlers: WhepHandlers,
    iceServers: RTCIceServer[],
  ) {
    this.peer = new RTCPeerConnection({ iceServers });
    const transceiver = this.peer.addTransceiver("video", { direction: "recvonly" });
    preferH264(transceiver);
    // Nothing is held back to smooth the playback: the newest picture is the right one.
    if ("jitterBufferTarget" in transceiver.receiver) transceiver.receiver.jitterBufferTarget = 0;
    this.events = this.peer.createDataChannel("events", { ordered: true });
    this.motion = this.peer.createDataChannel("motion", { ordered: false, maxRetransmits: 0 });
    for (const channel of [this.events, this.motion]) {
      channel.addEventListener("message", (event) => this.receive(event.data));
    }
    this.events.addEventListener("open", () => this.opened());
    this.events.addEventListener("close", () => this.lose("The server closed the connection."));
    this.peer.addEventListener("track", (event) => {
      handlers.video(event.streams[0] ?? new MediaStream([event.track]));
    });
    this.peer.addEventListener("connectionstatechange", () => this.watch());
  }

  /** Asks the server how to connect. Raises ConnectError. `negotiate` then connects. */
  static async prepare(endpoint: Endpoint, handlers: WhepHandlers, signal: AbortSignal): Promise<WhepConnection> {
    const config: unknown = await (await request(endpoint, "config", { signal })).json();
    return new WhepConnection(endpoint, handlers, serversOf(config));
  }

  /** Sends an event; on `motion` it may be lost. False when there is no open channel to send it on. */
  send(event: ClientEvent, on: "events" | "motion" = "events"): boolean {
    const channel = on === "motion" && this.motion.readyState === "open" ? this.motion : this.events;
    if (channel.readyState !== "open") return false;
    channel.send(JSON.stringify(event));
    return true;
  }

  /** Ends the connection, and tells the server so. `lost` is not called. */
  close(): void {
    if (!this.over) this.end();
  }

  /** Makes the offer, gets the answer. Raises ConnectError. The handlers are called from then on. */
  async negotiate(): Promise<void> {
    await this.peer.setLocalDescription();
    await gathered(this.peer);
    const { view, size } = this.endpoint;
    const query = new URLSearchParams({
      ...(view === null ? {} : { view }),
      ...(size === null ? {} : { width: String(size.width), height: String(size.height) }),
    });
    const response = await request(this.endpoint, `whep?${query}`, {
      method: "POST",
      headers: { "content-type": "application/sdp" },
      body: this.peer.localDescription?.sdp ?? "",
      signal: this.abort.signal,
    });
    // Only the last part: the server may be behind a proxy and not know where its own paths start.
    this.id = (response.headers.get("location") ?? "").split("?")[0]!.split("/").filter(Boolean).at(-1) ?? null;
    const sdp = await response.text();
    if (this.over) {
      this.sayGoodbye();
      return;
    }
    await this.peer.setRemoteDescription({ type: "answer", sdp });
    this.after(CONNECTING_MS, () => {
      if (this.events.readyState === "connecting") {
        this.lose("No direct connection to the server could be made; a firewall may hold back UDP.");
      }
    });
  }

  private opened(): void {
    this.ping();
    this.handlers.open();
  }

  private ping(): void {
    if (this.over) return;
    if (this.unanswered >= PINGS_MAX) {
      this.lose("The server does not answer any more.");
      return;
    }
    this.unanswered += 1;
    this.send({ type: "ping", client_ms: performance.now() });
    this.after(PING_EVERY_MS, () => this.ping());
  }

  private receive(data: unknown): void {
    if (this.over || typeof data !== "string") return;
    this.unanswered = 0;
    this.handlers.message(JSON.parse(data) as ServerMessage);
  }

  private watch(): void {
    const state = this.peer.connectionState;
    if (state === "failed" || state === "closed") this.lose("The connection to the server broke.");
    if (state === "disconnected") {
      this.after(DISCONNECTED_MS, () => {
        if (this.peer.connectionState === "disconnected") this.lose("The connection to the server broke.");
      });
    }
  }

  private after(delayMs: number, act: () => void): void {
    this.timers.push(
      setTimeout(() => {
        if (!this.over) act();
      }, delayMs),
    );
    if (this.timers.length > 32) this.timers.splice(0, 16);
  }

  private lose(reason: string): void {
    if (this.over) return;
    // First the word, then the end: the last picture can still be kept.
    this.handlers.lost(reason);
    this.close();
  }

  private end(): void {
    this.over = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.abort.abort();
    this.sayGoodbye();
    this.peer.close();
  }

  private sayGoodbye(): void {
    if (this.id === null) return;
    const path = `whep/${encodeURIComponent(this.id)}`;
    this.id = null;
    // Nobody waits for the answer: the server notices by itself when this does not arrive.
    request(this.endpoint, path, { method: "DELETE", keepalive: true }).catch(() => undefined);
  }
}
