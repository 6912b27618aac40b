// A server inside the page, for tests: answers fetch for the API and streams a canvas over a real RTCPeerConnection.
// The browser test puts it into the page before the client starts.
import { project, type Vec3 } from "../../src/camera";
import { patched } from "../../src/patch";
import type { Camera, ClientEvent, SegmentSummary, ServerMessage, ViewState } from "../../src/wire";

/** Two whose ids are one number in JavaScript, and more than a page of others. */
const SEGMENTS: SegmentSummary[] = [
  { id: "9007199254740992", name: "left nucleus", color: "#5e80ff", parent: null },
  { id: "9007199254740993", name: "right nucleus", color: "#ff3578", parent: null },
  ...Array.from({ length: 60 }, (_, i) => ({ id: `${i + 100}`, name: "", color: "#9bff0c", parent: null })),
];
import { HELLO, STATE } from "./scene";

interface EncodedFrame {
  timestamp: number;
  data: ArrayBuffer;
}

class LoopbackServer {
  received: ClientEvent[] = [];
  deleted: string[] = [];
  logins: string[] = [];
  offers: string[] = [];
  /** The queries of the offers. */
  asked: string[] = [];
  /** The views that can be joined. */
  views = new Set(["1"]);
  /** Status codes for the next offers; 201 when there are none left. */
  answers: number[] = [];
  state: ViewState = STATE;
  sequence = 1;
  /** Which part of the picture is still sampled. */
  activeShare = 1;
  /** Whether frame notes are sent; the camera is lost on `motion` when `deaf`. */
  deaf = false;
  private peer: RTCPeerConnection | null = null;
  private channels: Record<string, RTCDataChannel> = {};
  private canvas = document.createElement("canvas");
  private cameraSeq = 0;
  private samples = 0;

  constructor() {
    this.canvas.width = 640;
    this.canvas.height = 480;
    this.draw();
  }

  async fetch(url: URL, init: RequestInit): Promise<Response> {
    const path = url.pathname.split("/api/v1/")[1]!;
    if (path === "login") {
      this.logins.push(String(init.body));
      return new Response(null, { status: 204 });
    }
    if (path === "config") return Response.json({ ice_servers: [], version: "0.1.0" });
    if (path.startsWith("whep/") && init.method === "DELETE") {
      this.deleted.push(path);
      return new Response(null, { status: 204 });
    }
    this.offers.push(String(init.body));
    this.asked.push(url.search);
    const view = url.searchParams.get("view");
    const status = view === null || this.views.has(view) ? (this.answers.shift() ?? 201) : 404;
    if (status === 404) return Response.json({ code: "stream", message: "There is no such view." }, { status });
    if (status !== 201) {
      return Response.json(
        { code: "limit", message: "All views are taken." },
        { status, headers: { "retry-after": "1" } },
      );
    }
    const sdp = await this.answer(String(init.body));
    return new Response(sdp, { status: 201, headers: { location: `api/v1/whep/id${this.offers.length}` } });
  }

  /** Goes away without a word, as a killed process does; forgets the state when asked to. */
  die(forget: boolean): void {
    this.peer?.close();
    this.peer = null;
    if (!forget) return;
    this.state = STATE;
    this.sequence = 1;
    this.views.clear();
  }

  send(message: ServerMessage, on = "events"): void {
    const channel = this.channels[on];
    if (channel?.readyState === "open") channel.send(JSON.stringify(message));
  }

  /** Tells what is shown, by what; with `environments` as the scene's maps. */
  greet(environments = HELLO.scene.environments): void {
    this.send({ ...HELLO, scene: { ...HELLO.scene, environments }, state: this.state, sequence: this.sequence });
  }

  private async answer(offer: string): Promise<string> {
    const peer = new RTCPeerConnection({ encodedInsertableStreams: true } as RTCConfiguration);
    this.peer = peer;
    peer.addEventListener("datachannel", ({ channel }) => {
      this.channels[channel.label] = channel;
      channel.addEventListener("message", (event) => this.receive(JSON.parse(event.data as string), channel.label));
      const greet = (): void => this.greet();
      if (channel.label !== "events") return;
      if (channel.readyState === "open") greet();
      else channel.addEventListener("open", greet);
    });
    await peer.setRemoteDescription({ type: "offer", sdp: offer });
    const stream = this.canvas.captureStream(30);
    const transceiver = peer.getTransceivers()[0]!;
    transceiver.direction = "sendonly";
    await transceiver.sender.replaceTrack(stream.getVideoTracks()[0]!);
    this.noteFrames(transceiver.sender);
    await peer.setLocalDescription(await peer.createAnswer());
    while (peer.iceGatheringState !== "complete") await new Promise((done) => setTimeout(done, 10));
    return peer.localDescription!.sdp;
  }

  /** Tells of each encoded frame, under its real RTP timestamp, what it shows. */
  private noteFrames(sender: RTCRtpSender): void {
    type Streams = { readable: ReadableStream<EncodedFrame>; writable: WritableStream<EncodedFrame> };
    const { readable, writable } = (sender as unknown as { createEncodedStreams(): Streams }).createEncodedStreams();
    const note = new TransformStream<EncodedFrame, EncodedFrame>({
      transform: (frame, controller) => {
        this.noteFrame(frame);
        controller.enqueue(frame);
      },
    });
    void readable.pipeThrough(note).pipeTo(writable);
  }

  private noteFrame(frame: EncodedFrame): void {
    this.send(
      {
        type: "frame",
        encoding: "h264",
        rtp_timestamp: frame.timestamp,
        frame: {
          sequence: this.sequence,
          camera_seq: this.cameraSeq,
          pts: 0,
          width: this.canvas.width,
          height: this.canvas.height,
          scale: 1,
          samples: this.samples,
          target_samples: this.state.samples,
          active_share: this.activeShare,
          missing: 0,
          render_ms: 4,
          readback_ms: 1,
          encode_ms: 2,
          bytes: frame.data.byteLength,
          key_frame: false,
          event_ms: null,
        },
      },
      "motion",
    );
  }

  private receive(event: ClientEvent, on: string): void {
    if (event.type === "ping") return this.send({ type: "pong", client_ms: event.client_ms });
    if (this.deaf && on === "motion") return;
    this.received.push(event);
    switch (event.type) {
      case "camera":
        if (event.seq > this.cameraSeq) {
          this.cameraSeq = event.seq;
          this.change({ ...this.state, camera: event.camera });
        }
        return;
      case "patch": {
        const next = patched(this.state, event.patch.ops);
        if (next.shading.density > 50_000) {
          const message = "shading.density: the density must be at most 50000";
          return this.send({ type: "error", code: "state", message, incident: "abc123", seq: event.seq });
        }
        this.change(next);
        return this.send({ type: "state", seq: event.seq, sequence: this.sequence, state: next });
      }
      case "reset":
        this.change(STATE);
        return this.send({ type: "state", seq: event.seq, sequence: this.sequence, state: this.state });
      case "segments_search": {
        const fits = SEGMENTS.filter(({ id, name }) => id.startsWith(event.text) || name.includes(event.text));
        const segments = fits.slice(event.first, event.first + event.count);
        const { seq, layer, first } = event;
        return this.send({ type: "segments_found", seq, layer, first, total: fits.length, segments });
      }
      case "viewport":
        this.canvas.width = event.width;
        this.canvas.height = event.height;
        return;
    }
  }

  private change(state: ViewState): void {
    this.state = state;
    this.sequence += 1;
    this.samples = 0;
  }

  /** The scene's box with balls in it, as seen by the state's camera. */
  private draw(): void {
    requestAnimationFrame(() => this.draw());
    this.samples = Math.min(this.samples + 1, this.state.samples);
    const context = this.canvas.getContext("2d")!;
    const { width, height } = this.canvas;
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    const at = (point: Vec3): [number, number] => {
      const { x, y } = project(this.state.camera as Camera, point, height);
      return [x + width / 2, y + height / 2];
    };
    const eye = this.state.camera.position;
    const away = ([x, y, z]: Vec3): number => Math.hypot(x - eye[0], y - eye[1], z - eye[2]);
    for (const ball of BALLS.toSorted((a, b) => away(b) - away(a))) {
      const [x, y] = at(ball);
      const radius = (height * 4) / away(ball);
      const gradient = context.createRadialGradient(x - radius / 3, y - radius / 3, 0, x, y, radius);
      gradient.addColorStop(0, `hsl(${190 + ball[0]} 60% 80%)`);
      gradient.addColorStop(1, `hsl(${190 + ball[0]} 50% 18%)`);
      context.fillStyle = gradient;
      context.beginPath();
      context.arc(x, y, radius, 0, 7);
      context.fill();
    }
  }
}

const BALLS: Vec3[] = Array.from({ length: 400 }, (_, i) => {
  const [u, v] = [(i * 0.618034) % 1, (i * 0.754878) % 1];
  const around = 2 * Math.PI * u;
  const across = Math.sqrt(1 - (2 * v - 1) ** 2);
  return [50 + 46 * across * Math.cos(around), 40 + 36 * across * Math.sin(around), 30 + 28 * (2 * v - 1)];
});

const server = new LoopbackServer();
const real = globalThis.fetch;
globalThis.fetch = (input, init = {}) => {
  const url = new URL(input instanceof Request ? input.url : input, document.baseURI);
  return url.pathname.includes("/api/v1/") ? server.fetch(url, init) : real(input, init);
};
Object.assign(globalThis, { server });
export type { LoopbackServer };
