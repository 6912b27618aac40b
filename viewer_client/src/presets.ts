/* Generated from the server's values: run `npm run wire` instead of editing. */
import type { Lighting } from "./wire";

/** Ready-made lights. */
export const LIGHTING_PRESETS: Readonly<Record<string, Lighting>> = {
  "studio": {"lights": [{"visible": true, "azimuth": -38.0, "elevation": 38.0, "distance": 2.0, "position": null, "target": null, "color": [1.0, 0.95, 0.88], "intensity": 1.2, "follow_camera": true, "kind": "rectangle", "width": 0.9, "height": 0.9, "up": null, "seen": false}, {"visible": true, "azimuth": 52.0, "elevation": 8.0, "distance": 2.2, "position": null, "target": null, "color": [0.86, 0.93, 1.0], "intensity": 0.28, "follow_camera": true, "kind": "rectangle", "width": 1.4, "height": 1.4, "up": null, "seen": false}, {"visible": true, "azimuth": 152.0, "elevation": 38.0, "distance": 2.0, "position": null, "target": null, "color": [1.0, 1.0, 1.0], "intensity": 1.4, "follow_camera": true, "kind": "rectangle", "width": 0.7, "height": 0.7, "up": null, "seen": false}], "sky": {"visible": true, "top": [0.86, 0.92, 1.0], "middle": [0.72, 0.74, 0.78], "bottom": [0.46, 0.44, 0.43], "intensity": 0.5, "environment": null, "follow_camera": true, "rotation": [0.0, 0.0, 0.0, 1.0], "seen": false}},
  "rim": {"lights": [{"visible": true, "azimuth": -128.0, "elevation": 22.0, "distance": 2.0, "position": null, "target": null, "color": [1.0, 1.0, 1.0], "intensity": 2.7, "follow_camera": true, "kind": "rectangle", "width": 0.5, "height": 1.6, "up": null, "seen": false}, {"visible": true, "azimuth": 132.0, "elevation": 22.0, "distance": 2.0, "position": null, "target": null, "color": [0.86, 0.93, 1.0], "intensity": 2.4, "follow_camera": true, "kind": "rectangle", "width": 0.5, "height": 1.6, "up": null, "seen": false}], "sky": {"visible": true, "top": [0.62, 0.72, 0.9], "middle": [0.5, 0.55, 0.66], "bottom": [0.3, 0.32, 0.38], "intensity": 0.45, "environment": null, "follow_camera": true, "rotation": [0.0, 0.0, 0.0, 1.0], "seen": false}},
  "headlight": {"lights": [{"visible": true, "azimuth": 0.0, "elevation": 6.0, "distance": 2.0, "position": null, "target": null, "color": [1.0, 1.0, 1.0], "intensity": 1.0, "follow_camera": true, "kind": "disc", "radius": 0.2, "seen": false}], "sky": {"visible": true, "top": [1.0, 1.0, 1.0], "middle": [1.0, 1.0, 1.0], "bottom": [1.0, 1.0, 1.0], "intensity": 0.15, "environment": null, "follow_camera": true, "rotation": [0.0, 0.0, 0.0, 1.0], "seen": false}},
  "flat": {"lights": [{"visible": true, "azimuth": 0.0, "elevation": 0.0, "distance": 2.0, "position": null, "target": null, "color": [1.0, 1.0, 1.0], "intensity": 0.5, "follow_camera": true, "kind": "directional"}], "sky": {"visible": true, "top": [1.0, 1.0, 1.0], "middle": [1.0, 1.0, 1.0], "bottom": [1.0, 1.0, 1.0], "intensity": 0.6, "environment": null, "follow_camera": true, "rotation": [0.0, 0.0, 0.0, 1.0], "seen": false}},
  "ambient": {"lights": [], "sky": {"visible": true, "top": [1.0, 1.0, 1.0], "middle": [1.0, 1.0, 1.0], "bottom": [1.0, 1.0, 1.0], "intensity": 1.0, "environment": null, "follow_camera": true, "rotation": [0.0, 0.0, 0.0, 1.0], "seen": false}},
  "agave": {"lights": [{"visible": true, "azimuth": 0.0, "elevation": 0.0, "distance": 1.5, "position": null, "target": null, "color": [1.0, 1.0, 1.0], "intensity": 0.7388639313815429, "follow_camera": true, "kind": "rectangle", "width": 0.15, "height": 0.15, "up": null, "seen": false}], "sky": {"visible": true, "top": [1.0, 1.0, 1.0], "middle": [1.0, 1.0, 1.0], "bottom": [1.0, 1.0, 1.0], "intensity": 0.26113606861845695, "environment": null, "follow_camera": true, "rotation": [0.0, 0.0, 0.0, 1.0], "seen": false}},
};

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
