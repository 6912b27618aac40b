// The look of what lies over the picture; dark in both themes, as the picture under it mostly is.
import { css } from "lit";

export const overlayStyles = css`
  .status,
  .note,
  .tools,
  .card,
  .toast {
    --text: #eef3f6;
    --quiet: #b4c0ca;
    color: var(--text);
    background: rgb(12 16 20 / 72%);
    backdrop-filter: blur(10px);
    border-radius: var(--radius);
  }
  .status {
    position: absolute;
    left: 12px;
    bottom: 12px;
    max-width: calc(100% - 24px);
    display: flex;
    flex-wrap: wrap;
    gap: 2px 12px;
    align-items: center;
    padding: 5px 10px;
    font-size: 12px;
    pointer-events: none;
  }
  .status:not(:has(*)) {
    display: none;
  }
  .status .device {
    color: var(--quiet);
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .badge {
    color: #2b1d00;
    background: #f3c26b;
    border-radius: 5px;
    padding: 0 7px;
    font-weight: 600;
    white-space: nowrap;
  }
  .note {
    position: absolute;
    top: 12px;
    left: 12px;
    max-width: calc(100% - 180px);
    display: flex;
    gap: 9px;
    align-items: center;
    padding: 7px 14px;
    pointer-events: none;
  }
  .note .reason {
    color: var(--quiet);
  }
  .spinner {
    flex: none;
    width: 13px;
    height: 13px;
    border: 2px solid rgb(255 255 255 / 25%);
    border-top-color: #7ddba8;
    border-radius: 50%;
    animation: spin 0.9s linear infinite;
  }
  @keyframes spin {
    to {
      rotate: 1turn;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .spinner {
      animation-duration: 4s;
    }
  }
  .tools {
    position: absolute;
    top: 12px;
    right: 12px;
    display: flex;
    padding: 3px;
    gap: 2px;
  }
  .tools button {
    width: 32px;
    height: 32px;
    display: grid;
    place-items: center;
    color: var(--text);
  }
  .tools button:hover,
  .tools button[aria-pressed="true"] {
    background: rgb(255 255 255 / 14%);
  }
  .card {
    position: absolute;
    padding: 16px 20px;
  }
  .opening,
  .locked {
    left: 50%;
    top: 50%;
    translate: -50% -50%;
    width: min(360px, calc(100% - 32px));
  }
  .opening {
    display: grid;
    grid-template-columns: 1fr auto;
    gap: 8px 12px;
    align-items: center;
  }
  .opening label {
    grid-column: 1 / -1;
    overflow-wrap: anywhere;
  }
  progress {
    width: 100%;
    height: 6px;
    accent-color: #7ddba8;
  }
  .quiet {
    color: var(--quiet);
  }
  .locked {
    text-align: center;
  }
  .locked strong {
    font-size: 16px;
  }
  .locked p {
    margin: 8px 0 16px;
    color: var(--quiet);
  }
  .primary {
    background: #7ddba8;
    color: #06251a;
    font-weight: 600;
    padding: 7px 16px;
  }
  .toasts {
    position: absolute;
    right: 12px;
    bottom: 54px;
    display: grid;
    gap: 8px;
    justify-items: end;
    max-width: min(420px, calc(100% - 24px));
  }
  .toast {
    display: flex;
    gap: 10px;
    align-items: flex-start;
    padding: 10px 10px 10px 14px;
    background: rgb(64 18 18 / 92%);
    border: 1px solid #a8433c;
  }
  .toast button {
    flex: none;
    height: 18px;
  }
  dialog {
    color: var(--text);
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: 12px;
    padding: 20px 24px 24px;
    width: min(480px, calc(100vw - 32px));
    font: 13px/1.5 var(--font);
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 55%);
  }
  dialog header {
    display: flex;
    justify-content: space-between;
    align-items: center;
  }
  dialog h2 {
    margin: 0;
    font-size: 18px;
  }
  dialog h3 {
    margin: 16px 0 6px;
    font-size: 12px;
    font-weight: 600;
    color: var(--quiet);
  }
  dialog dl {
    display: grid;
    grid-template-columns: minmax(min(9em, 45%), 1fr) auto;
    gap: 5px 16px;
    margin: 0;
  }
  dialog dd {
    margin: 0;
    display: flex;
    align-items: flex-start;
    flex-wrap: wrap;
    gap: 4px;
    justify-content: flex-end;
  }
  kbd {
    font: inherit;
    font-size: 12px;
    background: var(--raised);
    border: 1px solid var(--line);
    border-radius: 5px;
    padding: 0 6px;
  }
`;
