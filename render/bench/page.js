// Put into a page before its own scripts: notes when camera events leave, when pictures are drawn and which number they
// show, and what lies between. It looks at the browser's own doors, so that it need not believe the page about itself.
// Times are performance.now(), milliseconds.
globalThis.bench = (() => {
  const CELLS = 22;
  const CELLS_A_WIDTH = 40;
  const NUMBERS = 1 << 16;
  const sent = new Map(); // the event's own number -> { number, atMs } of the one that left first
  const shown = []; // { number, drawnMs, displayedMs, receivedMs, decodeMs }
  const notes = []; // { cameraSeq, frame }, of the page's own messages
  const peers = [];
  let bytes = 0;
  let working = null; // what is known of the frame that is being handed out
  let tiny = null;
  let last = 0;
  let captured = null; // where whole pictures go, while they are wanted

  const { drawImage } = CanvasRenderingContext2D.prototype;

  /** The number that a picture shows, or null. */
  function read(source, width) {
    if (tiny === null) {
      tiny = document.createElement("canvas");
      tiny.width = CELLS * 4;
      tiny.height = 4;
    }
    const context = tiny.getContext("2d", { willReadFrequently: true });
    const side = Math.floor(width / CELLS_A_WIDTH);
    drawImage.call(context, source, 0, 0, CELLS * side, side, 0, 0, CELLS * 4, 4);
    const { data } = context.getImageData(0, 2, CELLS * 4, 1);
    let value = 0;
    for (let cell = 0; cell < CELLS; cell++) value = value * 2 + (data[(cell * 4 + 2) * 4 + 1] > 128 ? 1 : 0);
    if (value >> 20 !== 2) return null;
    const number = (value >> 4) & 0xffff;
    const check = 10 ^ (number & 15) ^ ((number >> 4) & 15) ^ ((number >> 8) & 15) ^ (number >> 12);
    return check === (value & 15) ? number : null;
  }

  /** A picture was drawn; `source` shows it. */
  function came(source, width, height, drawnMs) {
    const entry = { number: read(source, width), drawnMs, displayedMs: null, receivedMs: null, decodeMs: null };
    Object.assign(entry, working);
    shown.push(entry);
    requestAnimationFrame(() => (entry.displayedMs = performance.now()));
    if (captured !== null && entry.number !== null) {
      const whole = document.createElement("canvas");
      whole.width = width;
      whole.height = height;
      drawImage.call(whole.getContext("2d"), source, 0, 0, width, height);
      captured.push({ number: entry.number, png: whole.toDataURL("image/png") });
    }
  }

  // A canvas that gets frames.
  CanvasRenderingContext2D.prototype.drawImage = function (source, ...rest) {
    drawImage.call(this, source, ...rest);
    const isPicture =
      (globalThis.VideoFrame && source instanceof VideoFrame) || (globalThis.ImageBitmap && source instanceof ImageBitmap);
    if (isPicture) came(this.canvas, this.canvas.width, this.canvas.height, performance.now());
  };

  // A video that is shown as such.
  function watchVideo(video) {
    const next = (now, facts) => {
      if (video.srcObject !== null) came(video, facts.width, facts.height, facts.presentationTime);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }

  // An image that gets another address for each frame.
  function watchImage(image) {
    image.addEventListener("load", () => came(image, image.naturalWidth, image.naturalHeight, performance.now()));
  }

  function left(text) {
    if (typeof text !== "string" || !text.includes('"type":"camera"')) return;
    const { seq, camera } = JSON.parse(text);
    const number = ((Math.round(camera.position[0]) % NUMBERS) + NUMBERS) % NUMBERS;
    if (!sent.has(seq)) sent.set(seq, { number, atMs: performance.now() });
  }

  for (const kind of [globalThis.RTCDataChannel, globalThis.WebSocket]) {
    const { send } = kind.prototype;
    kind.prototype.send = function (data) {
      left(data);
      return send.call(this, data);
    };
  }

  globalThis.WebSocket = class extends WebSocket {
    constructor(...rest) {
      super(...rest);
      this.addEventListener("message", ({ data }) => (bytes += data.byteLength ?? data.size ?? data.length));
    }
  };

  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...rest) {
      super(...rest);
      peers.push(this);
    }
  };

  if (globalThis.VideoDecoder) {
    globalThis.VideoDecoder = class extends VideoDecoder {
      constructor({ output, error }) {
        const begun = new Map();
        super({
          output: (frame) => {
            const receivedMs = begun.get(frame.timestamp);
            begun.delete(frame.timestamp);
            working = { receivedMs, decodeMs: performance.now() - receivedMs };
            output(frame);
            working = null;
          },
          error,
        });
        this.begun = begun;
      }

      decode(chunk) {
        this.begun.set(chunk.timestamp, performance.now());
        super.decode(chunk);
      }
    };
  }

  const view = () => document.querySelector("hosta-view");

  /** Turns <hosta-view>'s scene about the vertical, a degree and a half a number. */
  function turn(number) {
    const { camera } = view();
    const [x, y, z] = camera.position.map((part, axis) => part - camera.focal_point[axis]);
    const angle = (Math.PI / 120) * (number % 240 < 120 ? 1 : -1);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const turned = [cos * x + sin * z, y, cos * z - sin * x];
    view().camera = { ...camera, position: turned.map((part, axis) => part + camera.focal_point[axis]) };
  }

  /** How <hosta-view> looks from another place: x is the number, as the test picture reads it. */
  function look(number) {
    const { camera } = view();
    view().camera = {
      ...camera,
      position: [number, 0, -2000],
      focal_point: [0, 0, 0],
      view_up: [0, -1, 0],
    };
  }

  return {
    sent,
    read,
    came,
    watchVideo,
    watchImage,

    /** Begins to note what <hosta-view> shows. */
    watchView() {
      const video = view().shadowRoot.querySelector("video");
      if (video) watchVideo(video);
      view().addEventListener("hosta-frame", ({ detail }) => {
        notes.push({ cameraSeq: detail.camera_seq, frame: detail, atMs: performance.now() });
      });
    },

    look,
    turn,

    /** Sends numbers with `send` for so long, one every second or third animation frame. */
    async run(send, seconds) {
      const end = performance.now() + seconds * 1000;
      while (performance.now() < end) {
        const wait = Math.random() < 0.5 ? 2 : 3;
        for (let i = 0; i < wait; i++) await new Promise(requestAnimationFrame);
        last = (last + 1) % NUMBERS;
        send(last);
      }
      await new Promise((done) => setTimeout(done, 500));
    },

    /** Forgets what was seen. */
    clear() {
      sent.clear();
      shown.length = 0;
      notes.length = 0;
      bytes = 0;
    },

    /** Keeps whole pictures of `seconds`, at most `most` of them. */
    async capture(send, seconds, most) {
      captured = [];
      const running = this.run(send, seconds);
      while (captured.length < most) {
        await new Promise((done) => setTimeout(done, 50));
        if (await Promise.race([running.then(() => true), Promise.resolve(false)])) break;
      }
      await running;
      const kept = captured.slice(0, most);
      captured = null;
      return kept;
    },

    async received() {
      let total = { bytes, decodeMs: null, bufferMs: null, framesDecoded: 0 };
      for (const peer of peers) {
        if (peer.connectionState !== "connected") continue;
        (await peer.getStats()).forEach((entry) => {
          if (entry.type !== "inbound-rtp" || entry.kind !== "video") return;
          total = {
            bytes: entry.bytesReceived + entry.headerBytesReceived,
            decodeMs: entry.totalDecodeTime * 1000,
            bufferMs: entry.jitterBufferDelay * 1000,
            framesDecoded: entry.framesDecoded,
          };
        });
      }
      return total;
    },

    seen() {
      return { sent: [...sent].map(([seq, event]) => ({ seq, ...event })), shown, notes };
    },
  };
})();
