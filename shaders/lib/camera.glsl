// The ray of a pixel through a thin lens. Pixels count from the top left; positions inside a pixel come from a tent filter
// of radius 1. Everything in unit space.
// Thin lens: Kolb, Mitchell, Hanrahan, "A Realistic Camera Model for Computer Graphics", SIGGRAPH 1995, section 2 (pbrt-v4
// section 5.2.3). Stereo: off-axis frusta that meet in the focal plane (Bourke, "Calculating Stereo Pairs", 1999).
// Rays of an eye that is far away begin in front of the scene, where 32-bit floats still tell its voxels apart: on the
// plane at distance lens.z, in whose middle params.eye is.
// Needs params.

// Inverse of the tent's distribution: u in [0, 1) to [-1, 1).
float tent(float u) { return u < 0.5 ? sqrt(2.0 * u) - 1.0 : 1.0 - sqrt(2.0 - 2.0 * u); }

// `at` in pixels from the top left corner of the picture; `lens` uniform in [0, 1)^2.
void camera_ray_at(vec2 at, vec2 lens, out vec3 o, out vec3 d) {
    vec2 size = vec2(params.picture.xy);
    // A point of the eye that is off the axis by `shift` sees the plane at distance 1 / turn where the axis' eye does.
    vec3 shift = vec3(0.0), bend = vec3(0.0);
    if (params.stereo.x > 0.0) {
        size.x *= 0.5;
        bool right = at.x >= size.x;
        at.x -= right ? size.x : 0.0;
        shift = params.right_unit.xyz * (right ? params.stereo.y : -params.stereo.y);
        bend = shift * params.stereo.z;
    }
    if (params.lens.x > 0.0) {
        float r = params.lens.x * sqrt(lens.x), phi = 6.28318530718 * lens.y;
        vec3 offset = params.right_unit.xyz * (r * cos(phi)) + params.up_unit.xyz * (r * sin(phi));
        shift += offset;
        bend += offset * params.lens.y;
    }
    vec2 s = at / size * 2.0 - 1.0;
    vec3 across = params.right.xyz * s.x - params.up.xyz * s.y;
    float ahead = params.lens.z;
    if (params.eye.w > 0.5) {
        o = params.eye.xyz + shift + (across - bend) * ahead;
        d = normalize(params.forward.xyz + across - bend);
    } else {
        o = params.eye.xyz + across + shift - bend * ahead;
        d = normalize(params.forward.xyz - bend);
    }
}

void camera_ray(uvec2 pixel, vec4 u, out vec3 o, out vec3 d) {
    camera_ray_at(vec2(pixel) + 0.5 + vec2(tent(u.x), tent(u.y)), u.zw, o, d);
}
