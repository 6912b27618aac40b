// The look that all elements share: colours for dark and light, type, buttons and fields. Constructable style sheets
// only, so that a page may forbid inline styles.
import { css } from "lit";

const dark = css`
  --bg: #0b0e11;
  --surface: #14191e;
  --raised: #1c232a;
  --line: #2a333c;
  --text: #e7edf2;
  --quiet: #9fadb9;
  --accent: #7ddba8;
  --on-accent: #06251a;
  color-scheme: dark;
`;

const light = css`
  --bg: #eef1f4;
  --surface: #ffffff;
  --raised: #f1f4f7;
  --line: #d5dce3;
  --text: #17202a;
  --quiet: #566472;
  --accent: #12784c;
  --on-accent: #ffffff;
  color-scheme: light;
`;

/** The colours, for the page around the elements. */
export const pageTheme = css`
  :root {
    ${dark}
  }
  @media (prefers-color-scheme: light) {
    :root {
      ${light}
    }
  }
`;

export const theme = css`
  :host {
    ${dark}
    --radius: 8px;
    --font: var(--hosta-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif);
    font: 13px/1.45 var(--font);
    color: var(--text);
    -webkit-font-smoothing: antialiased;
  }
  @media (prefers-color-scheme: light) {
    :host {
      ${light}
    }
  }
  * {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  button {
    font: inherit;
    color: inherit;
    background: none;
    border: 0;
    padding: 0;
    cursor: pointer;
    border-radius: 6px;
  }
  :focus {
    outline: none;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  .number {
    font-variant-numeric: tabular-nums;
  }
`;

export const fields = css`
  input[type="number"],
  input[type="text"],
  select {
    font: inherit;
    font-variant-numeric: tabular-nums;
    color: var(--text);
    background: var(--raised);
    border: 1px solid var(--line);
    border-radius: 6px;
    height: 28px;
    padding: 0 8px;
    min-width: 0;
  }
  select {
    max-width: 100%;
    text-overflow: ellipsis;
  }
  input[type="number"] {
    appearance: textfield;
  }
  input[type="number"]::-webkit-inner-spin-button {
    appearance: none;
  }
  input[type="color"] {
    appearance: none;
    width: 22px;
    height: 22px;
    padding: 0;
    border: 1px solid color-mix(in srgb, var(--text) 35%, transparent);
    border-radius: 50%;
    overflow: hidden;
    background: none;
    cursor: pointer;
    flex: none;
  }
  input[type="color"]::-webkit-color-swatch-wrapper {
    padding: 0;
  }
  input[type="color"]::-webkit-color-swatch,
  input[type="color"]::-moz-color-swatch {
    border: 0;
    border-radius: 0;
  }
  input[type="range"] {
    appearance: none;
    width: 100%;
    height: 20px;
    margin: 0;
    background: none;
    cursor: pointer;
  }
  input[type="range"]::-webkit-slider-runnable-track {
    height: 4px;
    border-radius: 2px;
    background: linear-gradient(to right, var(--accent) var(--fill, 0%), var(--line) var(--fill, 0%));
  }
  input[type="range"]::-moz-range-track {
    height: 4px;
    border-radius: 2px;
    background: linear-gradient(to right, var(--accent) var(--fill, 0%), var(--line) var(--fill, 0%));
  }
  input[type="range"]::-webkit-slider-thumb {
    appearance: none;
    width: 14px;
    height: 14px;
    margin-top: -5px;
    border: 0;
    border-radius: 50%;
    background: var(--text);
    box-shadow: 0 0 0 2px var(--surface);
  }
  input[type="range"]::-moz-range-thumb {
    width: 14px;
    height: 14px;
    border: 0;
    border-radius: 50%;
    background: var(--text);
    box-shadow: 0 0 0 2px var(--surface);
  }
  input[type="range"]:focus-visible {
    outline: none;
  }
  input[type="range"]:focus-visible::-webkit-slider-thumb {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  input[type="range"]:focus-visible::-moz-range-thumb {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  input.switch {
    appearance: none;
    flex: none;
    width: 30px;
    height: 18px;
    margin: 0;
    border-radius: 9px;
    background: var(--line);
    cursor: pointer;
    position: relative;
    transition: background 0.12s;
  }
  input.switch::before {
    content: "";
    position: absolute;
    inset: 2px auto auto 2px;
    width: 14px;
    height: 14px;
    border-radius: 50%;
    background: var(--text);
    transition: translate 0.12s;
  }
  input.switch:checked {
    background: var(--accent);
  }
  input.switch:checked::before {
    translate: 12px 0;
    background: var(--on-accent);
  }
  @media (prefers-reduced-motion: reduce) {
    input.switch,
    input.switch::before {
      transition: none;
    }
  }
`;
