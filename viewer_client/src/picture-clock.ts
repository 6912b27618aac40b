// Tells when a video frame comes to the screen, and which one where the browser knows.

/** `rtpTimestamp` is undefined where the browser does not tell it; `atMs` is on performance.now()'s clock. */
export type Presented = (rtpTimestamp: number | undefined, atMs: number) => void;

export class PictureClock {
  private over = false;
  private counted = 0;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly presented: Presented,
  ) {
    if ("requestVideoFrameCallback" in video) this.byFrame();
    else this.byCount();
  }

  close(): void {
    this.over = true;
  }

  private byFrame(): void {
    this.video.requestVideoFrameCallback((_now, metadata) => {
      if (this.over) return;
      this.byFrame();
      this.presented(metadata.rtpTimestamp, metadata.presentationTime);
    });
  }

  /** Without frame callbacks: looks at each animation frame whether the count of decoded frames grew. */
  private byCount(): void {
    requestAnimationFrame((nowMs) => {
      if (this.over) return;
      this.byCount();
      const total = this.video.getVideoPlaybackQuality().totalVideoFrames;
      if (total !== this.counted) this.presented(undefined, nowMs);
      this.counted = total;
    });
  }
}
