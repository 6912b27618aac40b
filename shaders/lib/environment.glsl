// An equirectangular environment map: directions to texture coordinates and back, and importance sampling.
//
// u runs with the azimuth about the sky's z, v from the top (z) to the bottom, as scene/environment.py has it.
// environment_cdf[]: ENVIRONMENT_ROWS + 1 numbers of the marginal over v, then for each row ENVIRONMENT_COLUMNS + 1 of the
// conditional over u; each runs from 0 to 1. Inversion: pbrt-v4 section A.4.2 (piecewise constant 2D).
// Needs params, phase.glsl (PI).

vec2 environment_uv(vec3 d) {
    vec3 s = vec3(dot(d, params.sky_x.xyz), dot(d, params.sky_y.xyz), dot(d, params.sky_z.xyz));
    float u = atan(s.y, s.x) / (2.0 * PI);
    return vec2(u - floor(u), acos(clamp(s.z, -1.0, 1.0)) / PI);
}

vec3 environment_direction(vec2 uv) {
    float phi = 2.0 * PI * uv.x, theta = PI * uv.y;
    vec3 s = vec3(sin(theta) * cos(phi), sin(theta) * sin(phi), cos(theta));
    return params.sky_x.xyz * s.x + params.sky_y.xyz * s.y + params.sky_z.xyz * s.z;
}

int environment_row(int row) { return ENVIRONMENT_ROWS + 1 + row * (ENVIRONMENT_COLUMNS + 1); }

float environment_pdf(vec2 uv) {
    int row = clamp(int(uv.y * float(ENVIRONMENT_ROWS)), 0, ENVIRONMENT_ROWS - 1);
    int column = clamp(int(uv.x * float(ENVIRONMENT_COLUMNS)), 0, ENVIRONMENT_COLUMNS - 1);
    float down = environment_cdf[row + 1] - environment_cdf[row];
    int at = environment_row(row) + column;
    float along = environment_cdf[at + 1] - environment_cdf[at];
    float sin_theta = max(sin(PI * uv.y), 1e-6);
    return down * along * float(ENVIRONMENT_ROWS * ENVIRONMENT_COLUMNS) / (2.0 * PI * PI * sin_theta);
}

// The interval of the distribution that begins at `first` which holds u, with u's place in it.
float environment_invert(int first, int count, float u) {
    int lo = 0, hi = count;
    while (hi - lo > 1) {
        int middle = (lo + hi) / 2;
        if (environment_cdf[first + middle] <= u) lo = middle;
        else hi = middle;
    }
    float a = environment_cdf[first + lo], b = environment_cdf[first + lo + 1];
    return (float(lo) + (b > a ? clamp((u - a) / (b - a), 0.0, 0.99999) : 0.5)) / float(count);
}

vec3 environment_sample(vec2 u) {
    float v = environment_invert(0, ENVIRONMENT_ROWS, u.x);
    int row = clamp(int(v * float(ENVIRONMENT_ROWS)), 0, ENVIRONMENT_ROWS - 1);
    return environment_direction(vec2(environment_invert(environment_row(row), ENVIRONMENT_COLUMNS, u.y), v));
}
