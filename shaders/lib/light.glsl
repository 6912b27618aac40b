// Lights: each can be sampled from a point, and asked what a direction sees of it and with what density it would have
// been sampled. Radiances are linear RGB, lengths in unit space, densities per steradian.
// Sources: pbrt-v4 chapter 12; the sphere's cone of directions: Shirley, Wang, Zimmerman, "Monte Carlo Techniques for
// Direct Lighting Calculations", ACM TOG 15(1), 1996, section 3.2.
// Needs params, lights[], phase.glsl (PI, basis).

const int LIGHT_RECTANGLE = 0;
const int LIGHT_DISC = 1;
const int LIGHT_SPHERE = 2;
const int LIGHT_POINT = 3;
const int LIGHT_DIRECTIONAL = 4;

struct LightSample {
    vec3 wi;
    float t;        // how far the light is along wi
    vec3 radiance;  // of delta lights: the irradiance on a surface that faces them
    float pdf;      // 0: nothing to be had from here; of delta lights 1
};

bool light_is_delta(int i) { return lights[i].kind >= LIGHT_POINT; }

// 1 - cos of the half angle under which a sphere of radius r is seen from a distance whose square is `square`.
float sphere_cap(float r, float square) {
    float s2 = min(r * r / square, 1.0);
    return s2 / (1.0 + sqrt(1.0 - s2));
}

// Where the ray from p along wi first meets the sphere, given that it does (or nearly).
float sphere_distance(vec3 p, vec3 wi, vec3 centre, float r) {
    vec3 to = centre - p;
    float along = dot(to, wi);
    vec3 off = to - wi * along;
    float half_chord = sqrt(max(r * r - dot(off, off), 0.0));
    return along > half_chord ? along - half_chord : along + half_chord;
}

LightSample light_sample(int i, vec3 p, vec2 u) {
    LightSample s = LightSample(vec3(0.0, 0.0, 1.0), 1e30, vec3(0.0), 0.0);
    int kind = lights[i].kind;
    vec3 centre = lights[i].centre.xyz, radiance = lights[i].radiance.rgb;
    if (kind == LIGHT_DIRECTIONAL) return LightSample(lights[i].normal.xyz, 1e30, radiance, 1.0);
    vec3 to = centre - p;
    float square = dot(to, to);
    if (kind == LIGHT_POINT) {
        square = max(square, 1e-8);
        float t = sqrt(square);
        return LightSample(to / t, t, radiance / square, 1.0);
    }
    if (kind == LIGHT_SPHERE) {
        float r = lights[i].u.x;
        bool inside = square <= r * r;
        float cap = inside ? 2.0 : sphere_cap(r, square);
        float below = u.x * cap;  // 1 - cos(theta)
        float sin_theta = sqrt(max(0.0, below * (2.0 - below)));
        vec3 axis = inside ? vec3(0.0, 0.0, 1.0) : to * inversesqrt(square), a, b;
        basis(axis, a, b);
        float phi = 2.0 * PI * u.y;
        s.wi = normalize(axis * (1.0 - below) + (a * cos(phi) + b * sin(phi)) * sin_theta);
        s.t = sphere_distance(p, s.wi, centre, r);
        s.radiance = radiance;
        s.pdf = 1.0 / (2.0 * PI * cap);
        return s;
    }
    vec2 at = 2.0 * u - 1.0;
    if (kind == LIGHT_DISC) {
        float r = sqrt(u.x), phi = 2.0 * PI * u.y;
        at = r * vec2(cos(phi), sin(phi));
    }
    to += lights[i].u.xyz * at.x + lights[i].v.xyz * at.y;
    square = max(dot(to, to), 1e-12);
    s.t = sqrt(square);
    s.wi = to / s.t;
    float cos_light = -dot(s.wi, lights[i].normal.xyz);
    if (cos_light <= 1e-6) return s;
    s.radiance = radiance;
    s.pdf = square / (cos_light * lights[i].centre.w);
    return s;
}

// What the direction wi sees of light i from p: pdf 0 when it misses it. Delta lights are never seen.
LightSample light_towards(int i, vec3 p, vec3 wi) {
    LightSample s = LightSample(wi, 1e30, vec3(0.0), 0.0);
    int kind = lights[i].kind;
    if (kind >= LIGHT_POINT) return s;
    vec3 to = lights[i].centre.xyz - p;
    if (kind == LIGHT_SPHERE) {
        float r = lights[i].u.x, square = dot(to, to), along = dot(to, wi);
        vec3 off = to - wi * along;
        bool inside = square <= r * r;
        if (!inside && (along <= 0.0 || dot(off, off) > r * r)) return s;
        s.t = sphere_distance(p, wi, lights[i].centre.xyz, r);
        s.pdf = 1.0 / (2.0 * PI * (inside ? 2.0 : sphere_cap(r, square)));
        s.radiance = lights[i].radiance.rgb;
        return s;
    }
    float cos_light = -dot(wi, lights[i].normal.xyz);
    if (cos_light <= 1e-6) return s;
    float t = -dot(to, lights[i].normal.xyz) / cos_light;
    if (t <= 0.0) return s;
    vec3 q = wi * t - to, lu = lights[i].u.xyz, lv = lights[i].v.xyz;
    vec2 at = vec2(dot(q, lu) / dot(lu, lu), dot(q, lv) / dot(lv, lv));
    bool on = kind == LIGHT_DISC ? dot(at, at) <= 1.0 : max(abs(at.x), abs(at.y)) <= 1.0;
    if (!on) return s;
    s.t = t;
    s.pdf = t * t / (cos_light * lights[i].centre.w);
    s.radiance = lights[i].radiance.rgb;
    return s;
}

// ---- the sky ----

vec3 sky_radiance(vec3 direction) {
#ifdef HAS_ENVIRONMENT
    return params.sky_middle.rgb * textureLod(environment, environment_uv(direction), 0.0).rgb;
#else
    float h = dot(direction, params.sky_up.xyz);
    return h >= 0.0 ? mix(params.sky_middle.rgb, params.sky_top.rgb, h)
                    : mix(params.sky_middle.rgb, params.sky_bottom.rgb, -h);
#endif
}

float sky_pdf(vec3 direction) {
#ifdef HAS_ENVIRONMENT
    return environment_pdf(environment_uv(direction));
#else
    return 1.0 / (4.0 * PI);
#endif
}

vec3 sky_sample(vec2 u) {
#ifdef HAS_ENVIRONMENT
    return environment_sample(u);
#else
    float z = 1.0 - 2.0 * u.x, r = sqrt(max(0.0, 1.0 - z * z)), phi = 2.0 * PI * u.y;
    return vec3(r * cos(phi), r * sin(phi), z);
#endif
}
