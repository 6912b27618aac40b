// Projections: of each channel's values along the ray the largest (PROJECTION 0), the smallest (1) or the mean (2),
// through window and colours; the channels add up as light does. No light falls.
//
// Coverage is 1 where the ray meets an image that is shown: low values are black, not clear, as ImageJ and napari show
// them. A segmentation is drawn over it in flat colours, by its opacity, the nearest label of the ray.
// The mean is that of the values, before the window, weighted by length.
#include "lib/scene.glsl"
#include "generated/planes.glsl"
#include "lib/rng.glsl"
#include "lib/sampler.glsl"
#include "lib/box.glsl"
#include "lib/colour.glsl"
#include "lib/bricks.glsl"
#include "lib/transfer.glsl"
#include "lib/labels.glsl"
#include "lib/nearest.glsl"
#include "lib/unlit.glsl"
#include "lib/clip.glsl"
#include "lib/segments.glsl"
#include "lib/solids.glsl"
#include "lib/phase.glsl"
#include "lib/brdf.glsl"
#include "lib/vertex.glsl"
#include "lib/camera.glsl"
#include "lib/film.glsl"
#include "lib/aside.glsl"

// The projected texel fraction of channel c of volume v over [0, s_end], and where along it the depth is.
// Extremes look at both ends of each segment, where they lie along axes, and every step_vox voxels in between. They
// skip macrocells that hold nothing beyond what was found, and end where the window ends.
float projected(int v, int c, in Segments w, out float at) {
    at = 0.0;
    float s = 0.0;
#if PROJECTION == 2
    float sum = 0.0;
    place_at(v, segments_at(w, 0.0));
    float before = intensity_shown_at(v, c, segments_at(w, 0.0));
    while (s < w.s_end) {
        float s_exit;
        vec2 range = segment_range(w, c, s, s_exit);
        if (range.x == range.y) {
            sum += range.x * (s_exit - s);
            s = s_exit;
            before = range.x;
            continue;
        }
        float end = segment_end(w, s);
        float middle = intensity_shown_at(v, c, segments_at(w, 0.5 * (s + end)));
        if (scene_planes.nearest != 0) {
            sum += middle * (end - s);
        } else {
            // Simpson's rule is exact for polynomials of degree 3.
            float there = intensity_shown_at(v, c, segments_at(w, end));
            sum += (before + 4.0 * middle + there) * (1.0 / 6.0) * (end - s);
            before = there;
        }
        s = end;
    }
    at = 0.5 * w.s_end;
    return sum / w.s_end;
#else
    const float SIGN = PROJECTION == 0 ? 1.0 : -1.0;
    float scale = channels[c].scale, bias = channels[c].bias;
    float clear = ((PROJECTION == 0 ? 0.0 : 1.0) - bias) / scale;
    float full = ((PROJECTION == 0 ? 1.0 : 0.0) - bias) / scale;
    float best = clear;
    bool nearest = scene_planes.nearest != 0;
    float looked = -1.0;  // up to where the field has been looked at
    while (s < w.s_end && SIGN * best < SIGN * full) {
        float s_exit;
        vec2 range = segment_range(w, c, s, s_exit);
        if (SIGN * (PROJECTION == 0 ? range.y : range.x) <= SIGN * best) {
            s = s_exit;
            continue;
        }
        float end = segment_end(w, s);
        float a_step = scene_planes.step_vox * 1000.0 * segments_least(w);
        float steps = nearest ? 1.0 : ceil((end - s) / a_step);
        float first = nearest ? 0.5 : looked == s ? 1.0 : 0.0;
        for (float i = first; i <= steps; i += 1.0) {
            float place = mix(s, end, i / steps);
            float texel = intensity_shown_at(v, c, segments_at(w, place));
            if (SIGN * texel > SIGN * best) {
                best = texel;
                at = place;
            }
        }
        s = looked = end;
    }
    return best;
#endif
}

vec4 look(vec3 o, vec3 d, vec4 u, inout Aside guides) {
    vec3 light = vec3(0.0);
    float alpha = 0.0, brightest = -1.0, nearest_label = 3e38;
    vec4 tint = vec4(0.0);
    float depth = 0.0;
    for (int v = 0; v < N_VOLUMES; v++) {
        int first = volumes[v].bricks.w;
        for (int c = first; c < first + volumes[v].cells.w; c++) {
            Segments w;
            float t0, at;
            if (channels[c].weight <= 0.0 || !segments_start(v, o, d, kept_span(c, o, d), w, t0)) continue;
#ifdef HAS_LABELS
            if (STORAGE_OF(c) == 2) {
                uint id = 0u;
                at = solid_next(w, v, c, 0.0, id);
                if (at >= 0.0 && t0 + at < nearest_label) {
                    nearest_label = t0 + at;
                    tint = label_tint(c, id);
                    tint.a *= solid_coat(v, c, id, segments_at(w, at), d);
                    guides.label = id | uint(volumes[v].size.w - 1) << 28u;
                }
                continue;
            }
#endif
            vec3 own = unlit_color(c, projected(v, c, w, at)) * channels[c].weight;
            light += own;
            alpha = 1.0;
            float bright = max(own.r, max(own.g, own.b));
            if (bright > brightest) {
                brightest = bright;
                depth = t0 + at;
            }
        }
    }
    light = min(light, 1.0) * (1.0 - tint.a) + tint.rgb * tint.a;
    // `nearest_label` is huge where there is none.
    guides.depth = depth * alpha * (1.0 - tint.a) + (tint.a > 0.0 ? nearest_label * tint.a : 0.0);
    guides.albedo = light;
    return vec4(light, 1.0 - (1.0 - alpha) * (1.0 - tint.a));
}

#include "lib/samples.glsl"
