// Lights: one-sided rectangle and a sky of three colours. Radiances are linear RGB. Needs params.

vec3 sky_radiance(vec3 direction) {
    float h = dot(direction, params.sky_up.xyz);
    return h >= 0.0 ? mix(params.sky_middle.rgb, params.sky_top.rgb, h)
                    : mix(params.sky_middle.rgb, params.sky_bottom.rgb, -h);
}

// A point on the area light seen from p: direction, distance, and radiance / pdf (pdf per steradian at p).
vec3 area_light_sample(vec3 p, vec2 u, out vec3 wi, out float t) {
    vec3 point = params.light_centre.xyz + params.light_u.xyz * (2.0 * u.x - 1.0) +
                 params.light_v.xyz * (2.0 * u.y - 1.0);
    vec3 to = point - p;
    float square = max(dot(to, to), 1e-12);
    t = sqrt(square);
    wi = to / t;
    float cos_light = -dot(wi, params.light_normal.xyz);
    return cos_light <= 0.0 ? vec3(0.0) : params.light_radiance.rgb * (cos_light * params.light_centre.w / square);
}
