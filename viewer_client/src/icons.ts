// Icons as SVG templates, 20 by 20, drawn with the current colour.
import { svg, html, type TemplateResult } from "lit";

const icon = (paths: TemplateResult): TemplateResult => html`
  <svg
    viewBox="0 0 20 20"
    width="18"
    height="18"
    fill="none"
    stroke="currentColor"
    stroke-width="1.6"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${paths}
  </svg>
`;

export const resetIcon = icon(svg`<path d="M4 10a6 6 0 1 0 2-4.5"/><path d="M4 3.5V7h3.5"/>`);
export const fullscreenIcon = icon(svg`<path d="M3.5 7.5v-4h4M12.5 3.5h4v4M16.5 12.5v4h-4M7.5 16.5h-4v-4"/>`);
export const pickIcon = icon(svg`<circle cx="10" cy="10" r="4.5"/><path d="M10 2.5v4M10 13.5v4M2.5 10h4M13.5 10h4"/>`);
export const annotateIcon = icon(
  svg`<path d="M10 17.5s-5-5-5-9a5 5 0 0 1 10 0c0 4-5 9-5 9Z"/><circle cx="10" cy="8.5" r="1.6"/>`,
);
export const helpIcon = icon(
  svg`<circle cx="10" cy="10" r="7"/><path d="M8 8.2a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.4"/><path d="M10 14v.01"/>`,
);
export const statisticsIcon = icon(svg`<path d="M3.5 16.5h13M6 13.5v-4M10 13.5v-9M14 13.5v-6"/>`);
export const closeIcon = icon(svg`<path d="M5.5 5.5l9 9M14.5 5.5l-9 9"/>`);
export const foldIcon = icon(svg`<path d="M8 6l4 4-4 4"/>`);
export const addIcon = icon(svg`<path d="M10 5v10M5 10h10"/>`);
export const removeIcon = icon(svg`<path d="M4.5 6h11M8 6V4.5h4V6M6 6l.6 9.5h6.8L14 6"/>`);
export const flipIcon = icon(svg`<path d="M4 7h10l-2.5-2.5M16 13H6l2.5 2.5"/>`);
export const shownIcon = icon(
  svg`<path d="M2.5 10s2.7-5 7.5-5 7.5 5 7.5 5-2.7 5-7.5 5-7.5-5-7.5-5z"/><circle cx="10" cy="10" r="2.2"/>`,
);
export const hiddenIcon = icon(
  svg`<path d="M3.5 12.2c1.3 1.5 3.5 2.8 6.5 2.8s5.2-1.3 6.5-2.8M5.5 14l-1 1.5M10 15v1.800M14.5 14l1 1.5"/>`,
);
export const isolateIcon = icon(
  svg`<circle cx="10" cy="10" r="2.5"/><path d="M10 3v2.5M10 14.5V17M3 10h2.5M14.5 10H17"/>`,
);
export const shareIcon = icon(
  svg`<circle cx="15" cy="4.5" r="2"/><circle cx="5" cy="10" r="2"/><circle cx="15" cy="15.5" r="2"/><path d="M6.8 9l6.4-3.5M6.8 11l6.4 3.5"/>`,
);
export const steerIcon = icon(
  svg`<circle cx="10" cy="10" r="7"/><circle cx="10" cy="10" r="1.8"/><path d="M3.2 9l5-.2M16.8 9l-5-.2M10 11.8V17"/>`,
);
export const freeIcon = icon(
  svg`<rect x="2.5" y="5.5" width="10" height="9" rx="2"/><path d="M12.5 9l5-2.5v7l-5-2.5"/>`,
);
