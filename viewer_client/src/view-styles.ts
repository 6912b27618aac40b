// The look of the view itself: the picture fills it.
import { css } from "lit";

export const viewStyles = css`
  :host {
    display: block;
    position: relative;
    overflow: hidden;
    min-width: 64px;
    min-height: 64px;
    background: #000;
  }
  .stage {
    position: absolute;
    inset: 0;
    touch-action: none;
    user-select: none;
    -webkit-user-select: none;
    cursor: grab;
  }
  .stage[data-tool="pick"],
  .stage[data-tool="annotate"] {
    cursor: crosshair;
  }
  .stage:active {
    cursor: grabbing;
  }
  .stage:focus-visible {
    outline: none;
  }
  .stage:focus-visible::after {
    content: "";
    position: absolute;
    inset: 0;
    border: 2px solid var(--accent);
  }
  video,
  canvas,
  .still,
  .still img {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: contain;
    pointer-events: none;
  }
  /* The canvas covers the video until that has a picture. */
  canvas {
    background: #000;
  }
  canvas.held {
    filter: brightness(0.55);
  }
  .still:empty {
    display: none;
  }
`;
