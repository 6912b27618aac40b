// The look of the people at a view: their bar, their card, their pointers. Dark, as all that lies over the picture.
import { css } from "lit";

export const peopleStyles = css`
  :host {
    position: absolute;
    inset: 0;
    overflow: hidden;
    container-type: size;
    pointer-events: none;
    --text: #eef3f6;
    --quiet: #b4c0ca;
    --raised: rgb(255 255 255 / 10%);
    --line: rgb(255 255 255 / 18%);
    --accent: #7ddba8;
    color: var(--text);
    color-scheme: dark;
  }
  .bar,
  .card,
  .hint {
    background: rgb(12 16 20 / 72%);
    backdrop-filter: blur(10px);
    border-radius: var(--radius);
    pointer-events: auto;
  }
  .bar {
    position: absolute;
    top: 12px;
    left: 12px;
    display: flex;
    align-items: center;
    gap: 2px;
    padding: 3px;
    max-width: calc(100% - 250px);
  }
  .bar button,
  .card button {
    min-height: 28px;
    padding: 0 9px;
    color: var(--text);
    white-space: nowrap;
  }
  .bar button {
    height: 32px;
    display: flex;
    align-items: center;
    gap: 6px;
  }
  .bar button:hover,
  .bar button[aria-expanded="true"],
  .bar button[aria-pressed="true"],
  .card button:hover {
    background: rgb(255 255 255 / 14%);
  }
  .bar .faces {
    padding: 0 6px;
  }
  .face {
    flex: none;
    width: 24px;
    height: 24px;
  }
  .face text {
    font: 600 10px var(--font);
    fill: #0b0e11;
    text-anchor: middle;
    dominant-baseline: central;
  }
  .face .ring {
    fill: none;
    stroke: #fff;
    stroke-width: 2;
  }
  .faces .face + .face {
    margin-left: -12px;
  }
  .who {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    padding: 0 6px 0 2px;
    min-width: 0;
    max-width: 180px;
  }
  .hint {
    position: absolute;
    top: 56px;
    left: 12px;
    max-width: calc(100% - 24px);
    display: flex;
    flex-wrap: wrap;
    gap: 2px 10px;
    align-items: center;
    padding: 5px 12px;
  }
  .hint button {
    color: var(--accent);
    font-weight: 600;
    min-height: 24px;
  }
  .card {
    position: absolute;
    top: 56px;
    left: 12px;
    width: min(330px, calc(100% - 24px));
    max-height: calc(100% - 68px);
    overflow: auto;
    overscroll-behavior: contain;
    padding: 12px 14px 14px;
    display: grid;
    gap: 10px;
    background: rgb(12 16 20 / 90%);
  }
  .card ul {
    list-style: none;
    margin: 0;
    padding: 0;
    display: grid;
    gap: 6px;
  }
  .card li,
  .row {
    display: flex;
    gap: 8px;
    align-items: center;
    min-width: 0;
  }
  .row {
    flex-wrap: wrap;
  }
  .card .name {
    flex: 1;
    min-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .card input[type="text"] {
    flex: 1;
    min-width: 60px;
  }
  .card .quiet {
    color: var(--quiet);
    font-size: 12px;
    margin: 0;
  }
  .card .row button,
  .card li button {
    background: var(--raised);
    border: 1px solid var(--line);
  }
  .card label {
    font-size: 12px;
    color: var(--quiet);
  }
  .cursor {
    position: absolute;
    left: 0;
    top: 0;
    overflow: visible;
    width: 1px;
    height: 1px;
    transition:
      transform 70ms linear,
      opacity 0.8s;
  }
  .cursor.resting {
    opacity: 0;
  }
  .cursor path {
    stroke: #0b0e11;
    stroke-width: 1.2;
    stroke-linejoin: round;
  }
  .cursor text {
    font: 600 11px var(--font);
    fill: #0b0e11;
    paint-order: stroke;
    stroke-width: 7px;
    stroke-linejoin: round;
  }
  @media (prefers-reduced-motion: reduce) {
    .cursor {
      transition: none;
    }
  }
  /* In a small element the bar is one button; all else is in the card. */
  @container (max-width: 700px) {
    .bar .word {
      display: none;
    }
  }
  @container (max-width: 560px) {
    .bar .wide {
      display: none;
    }
  }
  @container (max-width: 360px) {
    .bar .share {
      display: none;
    }
    .faces .face:nth-of-type(n + 2):not(.more) {
      display: none;
    }
    .bar {
      max-width: none;
    }
  }
  @container (max-width: 300px) {
    .bar {
      top: 54px;
    }
    .card,
    .hint {
      top: 96px;
      max-height: calc(100% - 104px);
    }
  }
`;
