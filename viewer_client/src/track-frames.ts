// The frames of a video track one by one, as soon as each is decoded, in browsers that hand them out.

/** `rtpTimestamp` is undefined where the browser does not tell it. */
export type TrackFrame = (picture: VideoFrame, rtpTimestamp: number | undefined) => void;

interface Processor {
  readonly readable: ReadableStream<VideoFrame>;
}

declare const MediaStreamTrackProcessor: new (init: { track: MediaStreamTrack; maxBufferSize: number }) => Processor;

export function handsOutFrames(): boolean {
  return "MediaStreamTrackProcessor" in globalThis && "VideoFrame" in globalThis;
}

export class TrackFrames {
  private readonly reader: ReadableStreamDefaultReader<VideoFrame>;
  private over = false;

  /** `came` is called with each frame, which is closed when it returns. */
  constructor(
    track: MediaStreamTrack,
    private readonly came: TrackFrame,
  ) {
    // Of frames that wait only the newest is kept.
    this.reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 }).readable.getReader();
    void this.read();
  }

  close(): void {
    if (this.over) return;
    this.over = true;
    void this.reader.cancel();
  }

  private async read(): Promise<void> {
    for (;;) {
      const { value, done } = await this.reader.read();
      if (done) return;
      if (!this.over) this.came(value, rtpTimestampOf(value));
      value.close();
    }
  }
}

function rtpTimestampOf(frame: VideoFrame): number | undefined {
  const { metadata } = frame as { metadata?: () => { rtpTimestamp?: number } };
  return metadata?.call(frame).rtpTimestamp;
}
