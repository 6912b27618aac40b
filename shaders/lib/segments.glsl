// A ray through one volume, cut where it passes from one set of eight voxel centres to the next: along each segment the
// trilinear field is one polynomial of degree 3. With nearest voxels the cuts are at the voxels' faces and the field is
// constant in between. Needs bricks.glsl, box.glsl, ranges[], scene_planes.

layout(std430, binding = 8) readonly buffer RangeBuffer { uint ranges[]; };

struct Segments {
    vec3 o, d, inverse_d;  // grid coordinates; s = 0 .. s_end in units of the unit-space ray
    vec3 size;
    ivec3 n;               // macrocells
    float s_end;
    int v;
    float least;           // the least progress: a thousandth of a voxel
    float shift;           // cuts are at integers + shift
};

// The part of the unit-space ray o + t d over span that is inside volume v, as segments that begin at s = 0 = t0.
bool segments_start(int v, vec3 o, vec3 d, vec2 span, out Segments w, out float t0) {
    w.v = v;
    w.d = grid_direction(v, d);
    w.inverse_d = safe_inverse(w.d);
    w.size = vec3(volumes[v].size.xyz);
    w.n = volumes[v].cells.xyz;
    vec3 go = grid_from_unit(v, o);
    vec2 inside = clip_to_box(go, w.inverse_d, vec3(0.0), w.size, span.x, span.y);
    t0 = inside.x;
    w.s_end = inside.y - inside.x;
    if (!(w.s_end > 0.0)) return false;
    w.o = grid_from_unit(v, o + d * t0);
    w.least = 1e-3 / max(abs(w.d.x), max(abs(w.d.y), abs(w.d.z)));
    w.shift = scene_planes.nearest != 0 ? 0.0 : 0.5;
    return true;
}

vec3 segments_at(in Segments w, float s) { return clamp(w.o + w.d * s, vec3(0.0), w.size); }

// A thousandth of a voxel as it is drawn here.
float segments_least(in Segments w) {
    vec3 steps = voxel_steps();
    return w.least * max(steps.x, max(steps.y, steps.z));
}

// The nearest place beyond s that is worth a look. In very long volumes a thousandth of a voxel is less than a digit of s.
float segments_beyond(in Segments w, float s) { return s * (1.0 + 2.4e-7) + segments_least(w); }

// Where the segment that begins at s ends.
float segment_end(in Segments w, float s) {
#ifdef PAGED
    vec3 o = brick_grid(w.o), d = w.d * here_scale, inverse_d = w.inverse_d / here_scale;
#else
    vec3 o = w.o, d = w.d, inverse_d = w.inverse_d;
#endif
    vec3 q = o + d * s - w.shift;
    vec3 cut = mix(ceil(q) - 1.0, floor(q) + 1.0, greaterThanEqual(d, vec3(0.0)));
    vec3 face = (cut + w.shift - o) * inverse_d;
    return min(max(min(face.x, min(face.y, face.z)), segments_beyond(w, s)), w.s_end);
}

// The range of channel c's texel fractions in the macrocell just after s, and where the ray leaves it.
vec2 segment_range(in Segments w, int c, float s, out float s_exit) {
    vec3 side = vec3(greaterThanEqual(w.d, vec3(0.0)));
#ifdef PAGED
    vec3 g = segments_at(w, s + w.least);
    place_at(w.v, g);
    g = segments_at(w, s + segments_least(w));
    place_at(w.v, g);
    ivec3 cell = cell_here(g);
    vec3 face = ((vec3(cell) + side) * float(CELL) - brick_grid(w.o)) * (w.inverse_d / here_scale);
    int row = here.node * PAGES + channels[c].page_base;
    bool absent = page_at(row) >> 30u == PAGE_ABSENT;
    uint range = absent ? 0u : ranges[row * CELLS_OF_BRICK + index_of_cell(cell)];
    if (STORAGE_OF(c) == 2) range = range != 0u ? 1u << 16u : 0u;
    if (range != 0u) place_report_matter();
#else
    ivec3 cell = clamp(ivec3(w.o + w.d * (s + w.least)) / CELL, ivec3(0), w.n - 1);
    vec3 face = ((vec3(cell) + side) * float(CELL) - w.o) * w.inverse_d;
    uint range = ranges[channels[c].range_base + (cell.z * w.n.y + cell.y) * w.n.x + cell.x];
#endif
    s_exit = min(max(min(face.x, min(face.y, face.z)), segments_beyond(w, s)), w.s_end);
    return vec2(range & 0xFFFFu, range >> 16u) * (STORAGE_OF(c) == 0 ? 1.0 / 255.0 : 1.0 / 65535.0);
}

// The span of [0, infinity) in which channel c may be drawn: what crop box and clip planes keep, or everything.
vec2 kept_span(int c, vec3 o, vec3 d) {
    if (scene_planes.shown[c].clipped == 0) return vec2(0.0, 1e30);
    vec2 span = clip_to_box(o, safe_inverse(d), params.crop_lo.xyz, params.crop_hi.xyz, 0.0, 1e30);
    return clip_to_planes(o, d, span);
}
