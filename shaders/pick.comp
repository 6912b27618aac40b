// What one pixel shows, and where: the ray through its middle, without lens and jitter, in parts that are looked at side
// by side. The host (engine/pick_ray.py) puts the parts together; TASK says what is looked for: 0 the ray itself, 1 optical
// depths, 2 slices, 3 surfaces, 4 what is projected, 5 values at a place. Each is compiled when it is first asked for. All
// in unit space.
// It looks at places along the ray and asks the same functions for them that draw the picture. It uses no macrocells.
#include "lib/scene.glsl"
#include "generated/planes.glsl"
#include "lib/box.glsl"
#include "lib/colour.glsl"
#include "lib/bricks.glsl"
#include "lib/transfer.glsl"
#include "lib/labels.glsl"
#include "lib/clip.glsl"
#include "lib/medium.glsl"
#include "lib/nearest.glsl"
#include "lib/unlit.glsl"
#include "lib/slices.glsl"
#include "lib/camera.glsl"

layout(local_size_x = 64) in;
layout(std430, binding = 15) writeonly buffer FoundBuffer { uvec4 found[]; };  // floats by their bits

const int BISECTIONS = 16;

uniform vec2 at;       // pixels, from the top left corner of the picture
uniform float first;   // where part 0 begins; the place whose values are asked for
uniform float width;   // of each part
uniform int parts;
uniform int steps;     // places in each part
uniform int by_volume; // with the mixing rule "max": 1 the most opaque channel of each volume, 0 that of all

uvec4 bits(vec4 x) { return floatBitsToUint(x); }

// The place in the grid of volume v at p, as `rendering.interpolation` has it; false outside of the volume.
bool place_in(int v, vec3 p, out vec3 g) {
    g = grid_from_unit(v, p);
    vec3 size = vec3(volumes[v].size.xyz);
    bool inside = all(greaterThanEqual(g, vec3(-SLICE_MARGIN_VOX))) && all(lessThanEqual(g, size + SLICE_MARGIN_VOX));
    g = clamp(g, vec3(0.0), size);
    place_at(v, g);
    if (scene_planes.nearest != 0) g = voxel_centre(v, g);
    return inside;
}

// Where along the ray volume v is, and where crop box and clip planes keep what they cut.
vec2 inside_of(int v, vec3 o, vec3 d) {
    return clip_to_box(grid_from_unit(v, o), safe_inverse(grid_direction(v, d)), vec3(0.0), vec3(volumes[v].size.xyz),
                       0.0, 1e30);
}

vec2 kept_of(vec3 o, vec3 d) {
    return clip_to_planes(o, d, clip_to_box(o, safe_inverse(d), params.crop_lo.xyz, params.crop_hi.xyz, 0.0, 1e30));
}

// The part of [a, b] in which channel c of volume v may be drawn.
vec2 span_of(int v, int c, vec3 o, vec3 d, float a, float b) {
    vec2 span = inside_of(v, o, d);
    vec2 kept = scene_planes.shown[c].clipped != 0 ? kept_of(o, d) : vec2(0.0, 1e30);
    return vec2(max(a, max(span.x, kept.x)), min(b, min(span.y, kept.y)));
}

#if TASK == 1
// The extinction at o + t d, divided by the density: of the channels together, as the mixing rule says.
float opacity_along(vec3 o, vec3 d, float t, vec2 kept) {
    float sum = 0.0, most = 0.0;
    bool largest = scene_planes.mixing == 1;
    for (int v = 0; v < N_VOLUMES; v++) {
        vec3 g;
        if (!place_in(v, o + d * t, g)) continue;
        float own = 0.0;
        int first_channel = volumes[v].bricks.w;
        for (int c = first_channel; c < first_channel + volumes[v].cells.w; c++) {
            if (channels[c].weight <= 0.0) continue;
            if ((t < kept.x || t > kept.y) && scene_planes.shown[c].clipped != 0) continue;
            float texel;
            float opacity = channel_opacity(v, c, g, texel);
            own = largest ? max(own, opacity) : own + opacity;
        }
        sum += own;
        most = max(most, own);
    }
    return largest && by_volume == 0 ? most : sum;
}
#endif

#if TASK == 3 || TASK == 4
#ifdef HAS_LABELS
bool is_label(int v, int c, vec3 o, vec3 d, float t) {
    vec3 g;
    return place_in(v, o + d * t, g) && label_tint(c, label_shown_at(v, c, g)).a > 0.0;
}
#endif

// The first place in [a, b] where a visible label begins, or where the field passes the isovalue; -1: none.
float surface_in(int v, int c, vec3 o, vec3 d, float a, float b) {
    vec2 span = span_of(v, c, o, d, a, b);
    if (!(span.x < span.y)) return -1.0;
    vec3 g;
    place_in(v, o + d * span.x, g);
    float before = span.x;
#ifdef HAS_LABELS
    if (STORAGE_OF(c) == 2) {
        if (is_label(v, c, o, d, before)) return before;
        for (int i = 1; i <= steps; i++) {
            float here = mix(span.x, span.y, float(i) / float(steps));
            if (is_label(v, c, o, d, here)) {
                for (int k = 0; k < BISECTIONS; k++) {
                    float middle = 0.5 * (before + here);
                    if (is_label(v, c, o, d, middle)) here = middle;
                    else before = middle;
                }
                return here;
            }
            before = here;
        }
        return -1.0;
    }
#endif
    float iso = scene_planes.shown[c].isovalue;
    bool above = intensity_shown_at(v, c, g) >= iso;
    for (int i = 1; i <= steps; i++) {
        float here = mix(span.x, span.y, float(i) / float(steps));
        place_in(v, o + d * here, g);
        if ((intensity_shown_at(v, c, g) >= iso) != above) {
            for (int k = 0; k < BISECTIONS; k++) {
                float middle = 0.5 * (before + here);
                place_in(v, o + d * middle, g);
                if ((intensity_shown_at(v, c, g) >= iso) != above) here = middle;
                else before = middle;
            }
            return here;
        }
        before = here;
    }
    return -1.0;
}

#endif

#if TASK == 4
// What channel c's window fraction does in [a, b]: its largest and its smallest value, where they are first; integrals of
// it, of the texel fraction and of 1.
void project(int v, int c, vec3 o, vec3 d, float a, float b, out vec4 extremes, out vec3 sums) {
    extremes = vec4(-1.0, 0.0, 2.0, 0.0);
    sums = vec3(0.0);
    vec2 span = span_of(v, c, o, d, a, b);
    if (!(span.x < span.y)) return;
    float dt = (span.y - span.x) / float(steps);
    for (int i = 0; i < steps; i++) {
        float t = span.x + (float(i) + 0.5) * dt;
        vec3 g;
        place_in(v, o + d * t, g);
        float texel = intensity_shown_at(v, c, g);
        float x = clamp(texel * channels[c].scale + channels[c].bias, 0.0, 1.0);
        if (x > extremes.x) extremes.xy = vec2(x, t);
        if (x < extremes.z) extremes.zw = vec2(x, t);
        sums += vec3(x, texel, 1.0) * dt;
    }
}

#endif

void main() {
    int part = int(gl_GlobalInvocationID.x);
    if (part >= parts) return;
    vec3 o, d;
    camera_ray_at(at, vec2(0.0), o, d);
    float a = first + float(part) * width, b = first + float(part + 1) * width;
#if TASK == 0
    found[0] = bits(vec4(o, 0.0));
    found[1] = bits(vec4(d, 0.0));
    found[2] = bits(vec4(kept_of(o, d), 0.0, 0.0));
    for (int v = 0; v < N_VOLUMES; v++)
        found[3 + v] = bits(vec4(inside_of(v, o, d), volumes[v].voxel_unit, cuts[v].lo.w));
#elif TASK == 1
    vec2 kept = kept_of(o, d);
    float dt = width / float(steps), sum = 0.0;
    for (int i = 0; i < steps; i++) sum += opacity_along(o, d, a + (float(i) + 0.5) * dt, kept);
    found[part] = bits(vec4(sum * dt * params.density, 0.0, 0.0, 0.0));
#elif TASK == 2
    // One part: all of them, nearest first, up to one that is not there.
    float t = 0.0;
    int n = 0;
    vec4 rgba;
    for (; n < scene_planes.slice_count && slice_hit(o, d, t, 1e30, t, rgba); n++)
        found[n] = bits(vec4(t, rgba.a, 0.0, 0.0));
    found[n] = bits(vec4(-1.0));
#else
#if TASK == 5
    vec2 kept = kept_of(o, d);
#endif
    for (int v = 0; v < N_VOLUMES; v++) {
        int first_channel = volumes[v].bricks.w;
#if TASK == 5
        vec3 g;
        bool inside = place_in(v, o + d * first, g);
#endif
        for (int c = first_channel; c < first_channel + volumes[v].cells.w; c++) {
#if TASK == 5
            bool spared = scene_planes.shown[c].clipped == 0;
            bool met = inside && channels[c].weight > 0.0 && (spared || (first >= kept.x && first <= kept.y));
            uint value = 0u;
            float opacity = 0.0, texel;
#ifdef HAS_LABELS
            if (STORAGE_OF(c) == 2) {
                if (inside) value = label_shown_at(v, c, g);
                if (met) opacity = capped(v, label_tint(c, value).a);
            } else
#endif
            {
                if (inside) value = floatBitsToUint(intensity_shown_at(v, c, g));
                if (met) opacity = channel_opacity(v, c, g, texel);
            }
            found[c] = uvec4(uint(inside), value, floatBitsToUint(opacity), 0u);
#else
            vec4 extremes = vec4(-1.0, 0.0, 2.0, 0.0);
            vec3 sums = vec3(0.0);
            float surface = -1.0;
            if (channels[c].weight > 0.0) {
#if TASK == 4
                if (STORAGE_OF(c) != 2) project(v, c, o, d, a, b, extremes, sums);
                else
#endif
                    surface = surface_in(v, c, o, d, a, b);
            }
            int place = 2 * (part * N_CHANNELS + c);
            found[place] = bits(extremes);
            found[place + 1] = bits(vec4(surface, sums));
#endif
        }
    }
#endif
}
