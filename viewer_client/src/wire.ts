/* Generated from the server's models: run `npm run wire` instead of editing. */

export type Wire = ClientEvent | ServerMessage;
export type ClientEvent =
  | CameraEvent
  | PatchEvent
  | ResetEvent
  | ViewportEvent
  | KeyFrameEvent
  | PickEvent
  | AnnotateEvent
  | RenameAnnotationEvent
  | DeleteAnnotationEvent
  | SegmentsSearchEvent
  | ReportEvent
  | AckEvent
  | EncodingEvent
  | PingEvent;
export type JsonValue = unknown;
export type ServerMessage =
  | HelloMessage
  | StateMessage
  | PatchedMessage
  | FrameMessage
  | StillMessage
  | WorkerMessage
  | ProgressMessage
  | PickedMessage
  | AnnotationsMessage
  | AnnotatedMessage
  | ErrorMessage
  | SegmentsFoundMessage
  | PongMessage;

/**
 * Look from here now. The newest `seq` wins; each frame echoes the `seq` of the camera that it shows.
 */
export interface CameraEvent {
  type: "camera";
  seq: number;
  camera: Camera;
}
/**
 * A thin-lens or orthographic camera in world space (micrometres), in VTK's terms.
 *
 * `view_angle` is the full vertical angle in degrees; `parallel_scale` is half the height of the orthographic view.
 * `aperture` is the radius of the lens in micrometres (0: a pinhole, everything is sharp); sharp is what lies
 * `focus_distance` in front of the eye, measured along the view (None: the focal point). With `stereo` the picture's
 * left half is for the left eye and its right half for the right eye, `eye_separation` times the distance to the
 * focal point apart; both look at the focal point's plane (off-axis frusta).
 */
export interface Camera {
  position: [number, number, number];
  focal_point: [number, number, number];
  view_up: [number, number, number];
  view_angle: number;
  projection: "perspective" | "orthographic";
  parallel_scale: number;
  aperture: number;
  focus_distance: number | null;
  stereo: "off" | "side_by_side";
  eye_separation: number;
}
/**
 * Change the state; answered by a StateMessage or an ErrorMessage with the same `seq`.
 */
export interface PatchEvent {
  type: "patch";
  seq: number;
  patch: Patch;
}
/**
 * Ops that apply together, or not at all.
 */
export interface Patch {
  ops: Op[];
}
/**
 * Put `value` at `path`, e.g. ["layers", 0, "channels", 1, "visible"].
 *
 * `op` "add" puts the strings of a list `value` into the set at `path` (layers.0.listed), or the entries of an object
 * into the table there (layers.0.segment_colors); "remove" takes the strings, or the entries with these keys, out. So
 * a change of one id is as small as the id, however many there are.
 */
export interface Op {
  op: "put" | "add" | "remove";
  path: (string | number)[];
  value: JsonValue;
}
/**
 * Put the camera, or the whole state, back to the scene's default.
 */
export interface ResetEvent {
  type: "reset";
  seq: number;
  what: "camera" | "all";
}
/**
 * The size of the picture in device pixels; clamped to the server's limits and made even.
 */
export interface ViewportEvent {
  type: "viewport";
  width: number;
  height: number;
}
/**
 * The decoder lost its way and needs a key frame.
 */
export interface KeyFrameEvent {
  type: "key_frame";
}
/**
 * What does a place of the picture show? Answered by a PickedMessage or an ErrorMessage with the same `seq`.
 *
 * `x`, `y` are fractions of the picture from its top left corner; `sequence`, `camera_seq`, `width` and `height` are
 * those of the frame that was clicked, which the answer is true of, whatever changed since. `exact`: also ask the
 * files for the finest voxels, which may take a moment; a pointer that hovers need not.
 */
export interface PickEvent {
  type: "pick";
  seq: number;
  x: number;
  y: number;
  sequence: number;
  camera_seq: number;
  width: number;
  height: number;
  exact: boolean;
}
/**
 * Put a point into the scene; answered by an AnnotatedMessage, once it is on the disk, or an ErrorMessage with the
 * same `seq`. Said again with the same id, it is the same point.
 */
export interface AnnotateEvent {
  type: "annotate";
  seq: number;
  point: NewPoint;
}
/**
 * A point that a client puts into the scene.
 *
 * `id` is the client's own choice: said twice, it is one point. `position` is in the data's world, micrometres.
 */
export interface NewPoint {
  kind: "point";
  id: string;
  position: [number, number, number];
  label: string;
  color: [number, number, number];
  segment: string | null;
}
/**
 * Give an annotation another label; answered likewise.
 */
export interface RenameAnnotationEvent {
  type: "annotation_rename";
  seq: number;
  id: string;
  label: string;
}
/**
 * Take an annotation away; answered likewise.
 */
export interface DeleteAnnotationEvent {
  type: "annotation_delete";
  seq: number;
  id: string;
}
/**
 * Which segments of a segmentation fit; answered by a SegmentsFoundMessage or an ErrorMessage of the same `seq`.
 *
 * A segment fits when its name contains `text`, in any case, or its id begins with these digits. With `ids` these
 * are described instead, in this order. `colors` as the layer has it. A page begins at `first` and has at most
 * `count` segments.
 */
export interface SegmentsSearchEvent {
  type: "segments_search";
  seq: number;
  layer: string;
  text: string;
  ids: string[];
  colors: "file" | "hash" | "glasbey";
  first: number;
  count: number;
}
/**
 * How the pictures came since the client's last report, about every half second while there are any.
 *
 * What the client cannot know is None. `frames_dropped` came and were not shown; `queue` frames wait to be decoded;
 * `lost` is a share of the packets. `decode_ms` is a median, `freeze_ms` how long the picture stood still in all
 * though there was a newer one. See docs/adaptation.md for what the server makes of it.
 */
export interface ReportEvent {
  type: "report";
  transport: "webrtc" | "websocket";
  frames_received: number | null;
  frames_shown: number | null;
  frames_dropped: number | null;
  bytes_received: number | null;
  lost: number | null;
  jitter_ms: number | null;
  round_trip_ms: number | null;
  decode_ms: number | null;
  queue: number | null;
  freeze_ms: number | null;
}
/**
 * The frame of this `pts`, and all before it, were shown or dropped: the client can take further ones.
 *
 * Answers each frame that came over a WebSocket.
 */
export interface AckEvent {
  type: "ack";
  pts: number;
}
/**
 * Send the picture in this encoding from now on; what the way to the client cannot carry is refused.
 */
export interface EncodingEvent {
  type: "encoding";
  encoding: "h264" | "h264_444" | "vp8" | "jpeg" | "webp";
}
export interface PingEvent {
  type: "ping";
  client_ms: number;
}
/**
 * First on `events`, and again after the worker came back: what is shown, and by what.
 */
export interface HelloMessage {
  type: "hello";
  server: string;
  view: string;
  device: DeviceInfo;
  scene: SceneSummary;
  state: ViewState;
  default_state: ViewState;
  sequence: number;
}
/**
 * The device that renders; `software` is True when it is a CPU.
 */
export interface DeviceInfo {
  name: string;
  vendor: string;
  version: string;
  software: boolean;
}
/**
 * What a client needs to know of a scene; `box_lo`, `box_hi` in micrometres (x, y, z).
 *
 * `orientation` is "anatomical" when the world is LPS (x to the patient's left, y to the back, z to the head), else
 * "image": x to the right, y down, z away from the eye. `environments` are the names of its environment maps.
 */
export interface SceneSummary {
  name: string;
  box_lo: [number, number, number];
  box_hi: [number, number, number];
  orientation: "image" | "anatomical";
  layers: LayerSummary[];
  n_times: number;
  environments: string[];
  notes: string[];
}
export interface LayerSummary {
  name: string;
  kind: "image" | "labels";
  shape: [number, number, number];
  spacing_um: [number, number, number];
  dtype: string;
  level: number;
  n_levels: number;
  channels: ChannelSummary[];
}
/**
 * What a client needs to draw a channel's controls. Ranges are physical values; histogram: counts over `range`.
 *
 * `percentiles` are (percent, value), ascending. `auto_windows`: the window of each method of an automatic rule.
 * `whole`: all voxels were counted, otherwise a sample of them.
 */
export interface ChannelSummary {
  name: string;
  range: [number, number];
  histogram: number[];
  percentiles: [number, number][];
  auto_windows: {
    [k: string]: [number, number];
  };
  whole: boolean;
}
/**
 * All that is shown. The same ViewState, data, size and seed give the same picture.
 *
 * `flip` mirrors the data along world x, y, z about the middle of the scene's box; crop box, planes and slices stay.
 */
export interface ViewState {
  version: 1;
  camera: Camera;
  layers: (ImageLayer | LabelLayer)[];
  time: number;
  crop: CropBox;
  clip_planes: ClipPlane[];
  slices: Slices;
  flip: [boolean, boolean, boolean];
  shading: Shading;
  lighting: Lighting;
  rendering: Rendering;
  display: Display;
  guides: Guides;
  samples: number;
  seed: number;
}
/**
 * Intensities: `source` is the name under which the scene holds the data.
 */
export interface ImageLayer {
  kind: "image";
  source: string;
  name: string;
  visible: boolean;
  channels: Channel[];
}
/**
 * One channel of an image: its window, its transfer function, its colour and its material.
 *
 * A value v becomes x = (v - window[0]) / (window[1] - window[0]), clamped to 0..1; `curve` maps x to opacity by
 * straight lines; the extinction is opacity * `opacity` * the scene's density. An empty curve is the ramp (0,0) (1,1).
 * The albedo at x is that of `color_map` (a name of the `cmap` package) or of `colors` (nodes with straight lines in
 * between), each times `color`; without both it is `color`.
 *
 * With a `rule` the window (for an isovalue also the curve) follows from the data's statistics instead; `window` then
 * only says what to go back to. `gradient_curve`, when it is not empty, multiplies the opacity by a factor of how much
 * x changes over one voxel. `isovalue` is where the mode "isosurface" draws, in the data's values; None is the middle
 * of the window. `clipped` says whether crop box and clip planes cut the channel.
 */
export interface Channel {
  name: string;
  visible: boolean;
  color: [number, number, number];
  color_map: string | null;
  colors: [number, [number, number, number]][];
  window: [number, number];
  rule: (LevelRule | PercentileRule | IsovalueRule | AutoRule) | null;
  opacity: number;
  curve: [number, number][];
  gradient_curve: [number, number][];
  isovalue: number | null;
  material: Material;
  clipped: boolean;
}
/**
 * A window of width `window` around `level`, in the data's values.
 */
export interface LevelRule {
  kind: "level";
  level: number;
  window: number;
}
/**
 * The window goes from one percentile of the channel's voxels to another.
 */
export interface PercentileRule {
  kind: "percentile";
  low: number;
  high: number;
}
/**
 * Opaque where the value is within `range`/2 of `value`, clear elsewhere; takes the place of the curve too.
 */
export interface IsovalueRule {
  kind: "isovalue";
  value: number;
  range: number;
}
/**
 * A window found from the histogram. `imagej` is ImageJ's auto contrast, `otsu` begins at Otsu's threshold,
 * `minmax` takes the whole range, `best_fit` leaves out the lowest and highest tenth, `mode` takes the bins of more
 * than a tenth of the fullest one, `hosta` is the rule of the first look.
 */
export interface AutoRule {
  kind: "auto";
  method: "hosta" | "imagej" | "otsu" | "minmax" | "best_fit" | "mode";
}
/**
 * A surface reflects the share `specular` from its microfacets, in `specular_color`, and the rest diffusely.
 *
 * `roughness` is that of the microfacets (GGX, alpha = roughness^2). Each collision also gives the radiance
 * `emission` times `emission_strength`: a medium of extinction sigma_t emits sigma_t times that per unit length.
 */
export interface Material {
  specular: number;
  specular_color: [number, number, number];
  roughness: number;
  emission: [number, number, number];
  emission_strength: number;
}
/**
 * A segmentation: every id other than 0 has a colour of its own.
 *
 * `colors` "hash" are neuroglancer's; "glasbey" are the 256 most distinct ones, by id modulo 256. "file" takes what
 * the data or a table says and the hash elsewhere.
 *
 * `shown`: all segments, only the `listed` ones, or all "except" those. What is shown has the opacity `opacity`, what
 * is not `rest_opacity`, 0 for not at all. `segment_colors` and `segment_opacities` (a factor) are for single ids.
 * `merged` says of ids which other one they are part of: colour, name and visibility are those of that one, and an id
 * may be merged into one that is itself merged. Ids are decimal strings; see segment.py. `style`: see SegmentStyle.
 */
export interface LabelLayer {
  kind: "labels";
  source: string;
  name: string;
  visible: boolean;
  opacity: number;
  colors: "file" | "hash" | "glasbey";
  shown: "all" | "listed" | "except";
  listed: string[];
  rest_opacity: number;
  segment_colors: {
    [k: string]: [number, number, number];
  };
  segment_opacities: {
    [k: string]: number;
  };
  highlight: Highlight;
  merged: {
    [k: string]: string;
  };
  style: "solid" | "translucent" | "contour";
  material: Material;
  clipped: boolean;
}
/**
 * Segments drawn in another colour: theirs mixed with `color` by `strength`.
 */
export interface Highlight {
  ids: string[];
  color: [number, number, number];
  strength: number;
}
/**
 * The part of the scene that is drawn, as fractions of its world box along x, y, z.
 */
export interface CropBox {
  lo: [number, number, number];
  hi: [number, number, number];
}
/**
 * Cuts away the side that `normal` points to. Not `visible`: cuts nothing.
 */
export interface ClipPlane {
  visible: boolean;
  point: [number, number, number];
  normal: [number, number, number];
}
/**
 * Slices through the volume. `x`, `y`, `z`: where those across the axes lie, as fractions of the world box.
 *
 * `opacity_by_curve`: what a channel's curve leaves clear is clear in the slice too.
 */
export interface Slices {
  x: number | null;
  y: number | null;
  z: number | null;
  planes: SlicePlane[];
  opacity_by_curve: boolean;
}
/**
 * Shows the data on the plane, by window and colours, without light.
 */
export interface SlicePlane {
  visible: boolean;
  point: [number, number, number];
  normal: [number, number, number];
}
/**
 * How matter scatters.
 *
 * `density` is the extinction at opacity 1, as optical depth across the scene's longest side. `mode` chooses a surface
 * (brdf) or a phase function at a collision; `mixed` chooses the surface with probability
 * 1 - exp(-25 * gradient_factor * change), where change is that of the opacity over one voxel.
 */
export interface Shading {
  density: number;
  mode: "mixed" | "brdf" | "phase";
  gradient_factor: number;
  anisotropy: number;
}
export interface Lighting {
  lights: (RectangleLight | DiscLight | SphereLight | PointLight | DirectionalLight)[];
  sky: Sky;
}
/**
 * A one-sided rectangle. `up` (world) turns it about its axis; None: the reference camera's up.
 */
export interface RectangleLight {
  visible: boolean;
  azimuth: number;
  elevation: number;
  distance: number;
  position: [number, number, number] | null;
  target: [number, number, number] | null;
  color: [number, number, number];
  intensity: number;
  follow_camera: boolean;
  kind: "rectangle";
  width: number;
  height: number;
  up: [number, number, number] | null;
  seen: boolean;
}
/**
 * A one-sided disc.
 */
export interface DiscLight {
  visible: boolean;
  azimuth: number;
  elevation: number;
  distance: number;
  position: [number, number, number] | null;
  target: [number, number, number] | null;
  color: [number, number, number];
  intensity: number;
  follow_camera: boolean;
  kind: "disc";
  radius: number;
  seen: boolean;
}
/**
 * A sphere that shines to all sides.
 */
export interface SphereLight {
  visible: boolean;
  azimuth: number;
  elevation: number;
  distance: number;
  position: [number, number, number] | null;
  target: [number, number, number] | null;
  color: [number, number, number];
  intensity: number;
  follow_camera: boolean;
  kind: "sphere";
  radius: number;
  seen: boolean;
}
/**
 * A point that shines to all sides.
 */
export interface PointLight {
  visible: boolean;
  azimuth: number;
  elevation: number;
  distance: number;
  position: [number, number, number] | null;
  target: [number, number, number] | null;
  color: [number, number, number];
  intensity: number;
  follow_camera: boolean;
  kind: "point";
}
/**
 * Parallel light from infinitely far, as of the sun. Only its direction counts, not its distance.
 */
export interface DirectionalLight {
  visible: boolean;
  azimuth: number;
  elevation: number;
  distance: number;
  position: [number, number, number] | null;
  target: [number, number, number] | null;
  color: [number, number, number];
  intensity: number;
  follow_camera: boolean;
  kind: "directional";
}
/**
 * Light from everywhere: radiance goes from `bottom` over `middle` (the horizon) to `top`.
 *
 * `environment` is the name of an environment map (equirectangular, HDR) that the scene holds; it takes the place of
 * the three colours. The sky's top is the reference camera's up (`follow_camera`: of the camera, else of the default
 * camera), then turned by `rotation`, a quaternion (x, y, z, w) in world space. `follow_camera` False and a rotation
 * that is not the identity: the axis is world z turned by it. `seen`: it is the picture's background.
 */
export interface Sky {
  visible: boolean;
  top: [number, number, number];
  middle: [number, number, number];
  bottom: [number, number, number];
  intensity: number;
  environment: string | null;
  follow_camera: boolean;
  rotation: [number, number, number, number];
  seen: boolean;
}
/**
 * `mode`: path tracing, emission-absorption ray march, projections, isosurfaces, or slices alone.
 *
 * `scatterings`: at most so many scattering events a path; beyond the third Russian roulette ends paths.
 * `mixing` is what happens where channels of one image overlap: `physical` adds extinctions and a collision picks its
 * channel in proportion; `max` takes the channel of the largest opacity alone; `additive` adds extinctions and also
 * colours, as light adds up.
 * `interpolation` of voxels. `step_vox`: of marches and projections, in voxels.
 * `sampler`: Owen-scrambled Sobol points with blue-noise offsets, or independent random numbers.
 * `direct`: how direct light is sampled; all three have the same mean.
 * `firefly_limit`: no path adds more radiance than this to a sample (0: no limit).
 * `extinction_cap`: no more than so many mean free paths a voxel or pixel, whichever is larger (0: no cap).
 * `reference` switches both off. `noise_threshold`: a tile whose relative standard error is below this is not
 * sampled further (0: all are). `denoise`: the moving picture is filtered while samples are few.
 */
export interface Rendering {
  mode: "path" | "march" | "maximum" | "minimum" | "average" | "isosurface" | "slices";
  scatterings: number;
  mixing: "physical" | "max" | "additive";
  interpolation: "linear" | "nearest";
  step_vox: number;
  sampler: "sobol" | "independent";
  direct: "mis" | "light" | "bsdf";
  firefly_limit: number;
  extinction_cap: number;
  reference: boolean;
  noise_threshold: number;
  denoise: boolean;
}
/**
 * From radiance to pixels: `exposure` in stops, then the tone map, then sRGB.
 *
 * `filmic` keeps hues and rolls off highlights; `agx` also desaturates them, as film does; `exponential` is
 * 1 - exp(-radiance); `agave` the same as AGAVE shows it, without the sRGB curve; `linear` clips.
 */
export interface Display {
  exposure: number;
  tone_map: "filmic" | "agx" | "exponential" | "agave" | "linear";
  background: [number, number, number];
}
/**
 * All of it is drawn by the engine, into the moving picture, stills and movies alike.
 *
 * `box` is the scene's bounding box, hidden where matter is in front of it; `ticks` are marks and numbers along it in
 * physical units; `axes` are three arrows in a corner; `scale_bar` is a round physical length at the focal point's
 * depth; `time_stamp` is the time of the time point, as hours, minutes and seconds or as a number with its unit.
 * `annotations` are those of the scene, which are no part of the state.
 * `color` None: light or dark, whichever stands out from the background.
 */
export interface Guides {
  box: boolean;
  ticks: boolean;
  axes: boolean;
  scale_bar: boolean;
  time_stamp: boolean;
  annotations: boolean;
  time_format: "clock" | "unit";
  color: [number, number, number] | null;
  text_scale: number;
}
/**
 * The state after a change. `seq` is the client's event that made it, None when somebody else did.
 */
export interface StateMessage {
  type: "state";
  seq: number | null;
  sequence: number;
  state: ViewState;
}
/**
 * What changed, in place of the state after it where that is large. `seq` as in StateMessage.
 *
 * Messages of this kind also follow a HelloMessage or StateMessage of a large state, whose lists and tables of
 * segments are empty: each brings a piece of them. They have the same `sequence`.
 */
export interface PatchedMessage {
  type: "patched";
  seq: number | null;
  sequence: number;
  patch: Patch;
}
/**
 * Goes out with each frame. Over WebRTC `rtp_timestamp` is what the browser's video frame metadata says of it;
 * over a WebSocket, where the frame follows in the same message, it is the frame's `pts` modulo 2^32.
 */
export interface FrameMessage {
  type: "frame";
  encoding: "h264" | "h264_444" | "vp8" | "jpeg" | "webp";
  rtp_timestamp: number;
  frame: FrameInfo;
}
/**
 * What a video frame shows and what it cost.
 *
 * `pts` counts 1/90000 s; it is the RTP time before RTP's random offset. `active_share` is the part of the picture
 * that is still sampled (adaptive sampling); `missing` counts the bricks that are still to be loaded for it and stand
 * coarser meanwhile. `event_ms` is from when the server got the client's camera event to when it handed this frame,
 * the first that shows it, to the client's transport; None of frames that show no new event of that client.
 */
export interface FrameInfo {
  sequence: number;
  camera_seq: number;
  pts: number;
  width: number;
  height: number;
  scale: number;
  samples: number;
  target_samples: number;
  active_share: number;
  missing: number;
  render_ms: number;
  readback_ms: number;
  encode_ms: number;
  bytes: number;
  key_frame: boolean;
  event_ms: number | null;
}
/**
 * The picture at rest, without loss, is there to be fetched: `path` is relative to the API's address (/api/v1/).
 *
 * It is what the frames of this `sequence` show, at this size; the first frame of another one makes it old.
 */
export interface StillMessage {
  type: "still";
  view: string;
  sequence: number;
  camera_seq: number;
  width: number;
  height: number;
  samples: number;
  path: string;
}
/**
 * The rendering process went away, or is back.
 */
export interface WorkerMessage {
  type: "worker";
  status: "starting" | "restarting" | "ready" | "failed";
  message: string;
}
export interface ProgressMessage {
  type: "progress";
  what: string;
  done: number;
  total: number;
}
/**
 * The answer to a PickEvent, with its numbers: it is true of the frame that was clicked.
 */
export interface PickedMessage {
  type: "picked";
  seq: number;
  sequence: number;
  camera_seq: number;
  pick: Pick;
}
/**
 * What the middle of a pixel shows (docs/picking.md says which point of its ray that is).
 *
 * `kind`: "nothing", a "medium", the "surface" of an isovalue, a "label", a "slice", a "projection". `position_um` is
 * where it is in the data's world, `seen_um` in the picture's (they differ where the state mirrors the data).
 * `depth_um` is its distance from the eye along the ray, `focus_um` along the view, as a camera's focus_distance.
 * `opacity` is how much of the ray is stopped in all. `layer` and `channel` are what was met, where that is one of
 * them. `layers` are those whose volume holds the point. `trouble` says why exact values are missing.
 */
export interface Pick {
  kind: "nothing" | "medium" | "surface" | "label" | "slice" | "projection";
  pixel: [number, number];
  size: [number, number];
  opacity: number;
  position_um: [number, number, number] | null;
  seen_um: [number, number, number] | null;
  depth_um: number | null;
  focus_um: number | null;
  layer: string | null;
  channel: number | null;
  layers: PickedLayer[];
  trouble: string;
}
/**
 * A layer at a picked point; `source` is how the state names it.
 *
 * `voxel_zyx` is the voxel of `level` (the one that is shown), `finest_zyx` that of level 0. `segment` is None in the
 * background and in images; `exact_segment` is the finest voxel's, whatever the smoothing of labels makes of it.
 */
export interface PickedLayer {
  source: string;
  name: string;
  kind: "image" | "labels";
  visible: boolean;
  level: number;
  voxel_zyx: [number, number, number];
  finest_zyx: [number, number, number];
  channels: PickedChannel[];
  segment: PickedSegment | null;
  exact_segment: PickedSegment | null;
}
/**
 * An image's channel at a picked point, in the data's unit.
 *
 * `value` is what the picture is made from: interpolated, at the level that is shown, and no finer than the device
 * keeps it. `exact` is the finest voxel's value as the file has it, in decimal; None where it was not read.
 */
export interface PickedChannel {
  name: string;
  value: number;
  exact: string | null;
}
/**
 * A label. `id` is decimal: ids have 64 bits, which numbers in JSON do not. `color` is sRGB.
 */
export interface PickedSegment {
  id: string;
  name: string;
  color: [number, number, number];
}
/**
 * The scene's annotations, after each hello, in parts: `first` begins the list anew, `last` completes it.
 */
export interface AnnotationsMessage {
  type: "annotations";
  first: boolean;
  last: boolean;
  points: PointAnnotation[];
}
/**
 * A point as the server keeps it: who put it there, and when (seconds since 1970, by the server's clock).
 */
export interface PointAnnotation {
  kind: "point";
  id: string;
  position: [number, number, number];
  label: string;
  color: [number, number, number];
  segment: string | null;
  author: string;
  created_s: number;
}
/**
 * An annotation is new or other than before (`point`), or gone (`point` None). It is on the disk.
 *
 * `seq` is the client's event that did it, None when somebody else did.
 */
export interface AnnotatedMessage {
  type: "annotated";
  seq: number | null;
  id: string;
  point: PointAnnotation | null;
}
/**
 * Something asked for was refused. `incident` finds it in the server's log.
 */
export interface ErrorMessage {
  type: "error";
  code: string;
  message: string;
  incident: string;
  seq: number | null;
}
/**
 * A page of the segments that fit; `total` is how many there are on all pages.
 */
export interface SegmentsFoundMessage {
  type: "segments_found";
  seq: number;
  layer: string;
  total: number;
  first: number;
  segments: SegmentSummary[];
}
/**
 * A segment in a list. Ids are decimal strings; `color` is #rrggbb, without what the state changes; `parent` is its
 * place in a hierarchy, None where there is none.
 */
export interface SegmentSummary {
  id: string;
  name: string;
  color: string;
  parent: string | null;
}
export interface PongMessage {
  type: "pong";
  client_ms: number;
}
