// The look of the panel.
import { css } from "lit";

export const panelStyles = css`
  :host {
    display: block;
    background: var(--surface);
    overflow-y: auto;
    scrollbar-width: thin;
    scrollbar-color: var(--line) transparent;
  }
  .all[inert] {
    opacity: 0.5;
  }
  .empty {
    margin: 0;
    padding: 24px 18px;
    color: var(--quiet);
  }
  section {
    display: grid;
    gap: 12px;
    padding: 16px 18px 20px;
    border-bottom: 1px solid var(--line);
  }
  header {
    display: flex;
    justify-content: space-between;
    align-items: center;
    min-height: 26px;
  }
  header button {
    display: grid;
    place-items: center;
    width: 26px;
    height: 26px;
    color: var(--quiet);
  }
  header button:hover {
    background: var(--raised);
    color: var(--text);
  }
  header button:disabled {
    visibility: hidden;
  }
  h2 {
    margin: 0;
    font-size: 14px;
    font-weight: 650;
  }
  h3 {
    margin: 0;
    font-size: 13px;
    font-weight: 600;
  }
  h3,
  .name {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .row {
    display: flex;
    align-items: center;
    gap: 10px;
    min-height: 28px;
  }
  .row > .name,
  .title {
    flex: 1;
    min-width: 0;
  }
  label.row > .name,
  div.row > .name {
    color: var(--quiet);
  }
  .title p {
    margin: 0;
    font-size: 12px;
    color: var(--quiet);
  }
  .layer {
    display: grid;
    gap: 12px;
  }
  .layer + .layer {
    margin-top: 6px;
    padding-top: 14px;
    border-top: 1px dashed var(--line);
  }
  .channel {
    display: grid;
    gap: 10px;
    margin: 0;
    min-width: 0;
    padding: 12px;
    border: 0;
    border-radius: var(--radius);
    background: color-mix(in srgb, var(--raised) 60%, var(--surface));
  }
  .channel legend {
    float: left;
    width: 100%;
    padding: 0;
    min-height: 22px;
  }
  .channel[data-off] .name {
    color: var(--quiet);
  }
  .map {
    font-size: 12px;
    color: var(--quiet);
  }
  .crop {
    display: grid;
    grid-template-columns: 1fr auto;
  }
  .crop .name,
  .crop output {
    color: var(--quiet);
  }
  .crop output {
    color: var(--text);
  }
  .crop hosta-window {
    grid-column: 1 / -1;
  }
  footer {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 10px;
    padding: 16px 18px;
  }
  .wide {
    border: 1px solid var(--line);
    background: var(--raised);
    padding: 6px 10px;
  }
  .wide:hover {
    border-color: var(--quiet);
  }
  .notes {
    margin: 0;
    padding: 0 18px 18px 34px;
    color: var(--quiet);
    font-size: 12px;
  }
`;
