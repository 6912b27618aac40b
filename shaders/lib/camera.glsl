// The ray of a pixel. Pixels count from the top left; positions inside a pixel come from a tent filter of radius 1.
// Needs params, rng.glsl.

// Inverse of the tent's distribution: u in [0, 1) to [-1, 1).
float tent(float u) { return u < 0.5 ? sqrt(2.0 * u) - 1.0 : 1.0 - sqrt(2.0 - 2.0 * u); }

void camera_ray(uvec2 pixel, vec2 u, out vec3 o, out vec3 d) {
    vec2 at = vec2(pixel) + 0.5 + vec2(tent(u.x), tent(u.y));
    vec2 s = at / vec2(params.picture.xy) * 2.0 - 1.0;
    vec3 across = params.right.xyz * s.x - params.up.xyz * s.y;
    if (params.eye.w > 0.5) {
        o = params.eye.xyz;
        d = normalize(params.forward.xyz + across);
    } else {
        o = params.eye.xyz + across;
        d = params.forward.xyz;
    }
}
