// Slices alone, front to back.
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
#include "lib/slices.glsl"
#include "lib/phase.glsl"
#include "lib/brdf.glsl"
#include "lib/vertex.glsl"
#include "lib/camera.glsl"
#include "lib/film.glsl"
#include "lib/aside.glsl"

vec4 look(vec3 o, vec3 d, vec4 u, inout Aside guides) {
    vec4 seen = vec4(0.0);
    float t = 0.0;
    for (int i = 0; i < scene_planes.slice_count && seen.a < 0.996; i++) {
        vec4 slice;
        if (!slice_hit(o, d, t, 1e30, t, slice)) break;
        float T = 1.0 - seen.a;
        guides.depth += T * slice.a * t;
        guides.albedo += T * slice.rgb;
        seen += T * slice;
    }
    return seen;
}

#include "lib/samples.glsl"
