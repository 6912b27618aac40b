/* Generated from the server's values: run `npm run wire` instead of editing. */
import type { Lighting } from "./wire";

/** Ready-made lights. */
export const LIGHTING_PRESETS: Readonly<Record<string, Lighting>> = {};

/** Colour maps worth choosing, by the cmap package's names: colours at equal distances. */
export const COLOR_MAPS: Readonly<Record<string, readonly string[]>> = {
  "gray": ["#000000", "#202020", "#404040", "#606060", "#808080", "#a0a0a0", "#c0c0c0", "#e0e0e0", "#ffffff"],
  "bone": ["#000000", "#1c1c27", "#38384e", "#545574", "#707b90", "#8ca2ac", "#a9c8c8", "#d5e4e4", "#ffffff"],
  "viridis": ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"],
  "magma": ["#000004", "#1d1147", "#51127c", "#832681", "#b73779", "#e75263", "#fc8961", "#fec488", "#fcfdbf"],
  "inferno": ["#000004", "#210c4a", "#57106e", "#8a226a", "#bc3754", "#e45a31", "#f98e09", "#f9cb35", "#fcffa4"],
  "plasma": ["#0d0887", "#4c02a1", "#7e03a8", "#aa2395", "#cc4778", "#e66c5c", "#f89540", "#fdc527", "#f0f921"],
  "cividis": ["#00224e", "#1a386f", "#434e6c", "#61656f", "#7d7c78", "#9b9476", "#bcae6c", "#dec958", "#fee838"],
  "turbo": ["#30123b", "#466be3", "#28bceb", "#32f298", "#a4fc3c", "#eecf3a", "#fb7e21", "#d02f05", "#7a0403"],
  "imagej:fire": ["#000000", "#2e00a1", "#8d00d6", "#bf0067", "#eb4502", "#ff8b00", "#ffc300", "#fffa32", "#ffffff"],
  "cmocean:thermal": ["#042333", "#19337c", "#563b9c", "#83508f", "#b15f82", "#df7064", "#f99341", "#f9c641", "#e8fa5b"],
  "cmocean:ice": ["#040613", "#212041", "#383975", "#3f57a3", "#427bb7", "#589dc3", "#7bbfd0", "#b1dee2", "#eafdfd"],
  "crameri:batlow": ["#011959", "#114360", "#226061", "#4d734d", "#828231", "#c09036", "#f29d6d", "#fdb4b6", "#faccfa"],
  "matplotlib:coolwarm": ["#3b4cc0", "#6282ea", "#8db0fe", "#b9d0f9", "#dddcdc", "#f5c4ac", "#f4987a", "#dd5f4b", "#b40426"],
  "twilight": ["#e2d9e2", "#94b4c6", "#6275ba", "#592a8e", "#301436", "#751e4f", "#b35852", "#cca58b", "#e2d9e2"],
};
