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
    padding: 8px 18px;
    border-bottom: 1px solid var(--line);
  }
  section > .body {
    gap: 12px;
    padding: 6px 0 12px;
  }
  .body,
  .layer {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 10px;
  }
  header {
    display: flex;
    align-items: center;
    gap: 8px;
    min-height: 32px;
  }
  h2 {
    flex: 1;
    min-width: 0;
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
  .name,
  .fold span {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .fold {
    display: flex;
    align-items: center;
    gap: 4px;
    flex: 1;
    width: 100%;
    min-width: 0;
    min-height: 24px;
    margin-left: -4px;
    text-align: start;
  }
  .fold svg {
    flex: none;
    width: 16px;
    height: 16px;
    color: var(--quiet);
    transition: rotate 0.12s;
  }
  .fold[aria-expanded="true"] svg {
    rotate: 90deg;
  }
  .fold:hover svg {
    color: var(--text);
  }
  @media (prefers-reduced-motion: reduce) {
    .fold svg {
      transition: none;
    }
  }
  .small {
    display: grid;
    place-items: center;
    flex: none;
    width: 26px;
    height: 26px;
    color: var(--quiet);
  }
  .small:hover {
    background: var(--raised);
    color: var(--text);
  }
  .small:disabled {
    visibility: hidden;
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
  .row select {
    width: 150px;
  }
  div.row > .name,
  .quiet {
    color: var(--quiet);
  }
  .title p,
  .hint {
    margin: 0;
    font-size: 12px;
    color: var(--quiet);
  }
  .row > .hint {
    flex: 1;
  }
  .layer + .layer {
    margin-top: 6px;
    padding-top: 14px;
    border-top: 1px dashed var(--line);
  }
  .card {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 10px;
    margin: 0;
    min-width: 0;
    padding: 10px 12px;
    border: 0;
    border-radius: var(--radius);
    background: color-mix(in srgb, var(--raised) 60%, var(--surface));
  }
  .card legend {
    float: left;
    width: 100%;
    padding: 0;
    min-height: 24px;
  }
  .card .small:hover {
    background: var(--line);
  }
  .card[data-off] .name {
    color: var(--quiet);
  }
  .card .part {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
  }
  .card .part > .fold,
  section > .body > .part > .fold {
    color: var(--quiet);
  }
  .part > .body {
    padding: 6px 0 4px;
  }
  .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: 6px;
  }
  .buttons.three {
    display: grid;
    grid-template-columns: repeat(3, minmax(0, 1fr));
  }
  .row > .buttons.three .wide {
    width: 40px;
  }
  .link {
    color: var(--accent);
  }
  .link:hover {
    text-decoration: underline;
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
  .buttons .wide {
    padding: 4px 10px;
  }
  .wide[aria-pressed="true"] {
    border-color: var(--accent);
    color: var(--accent);
  }
  .add {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    padding: 3px 10px;
    border-style: dashed;
    background: none;
    color: var(--quiet);
  }
  .add svg {
    width: 16px;
    height: 16px;
  }
  .add:hover {
    color: var(--text);
  }
  .notes {
    margin: 0;
    padding: 0 18px 18px 34px;
    color: var(--quiet);
    font-size: 12px;
  }
`;
