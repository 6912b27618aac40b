// An equirectangular environment map: directions to texture coordinates and back, and importance sampling, as
// scene/environment.py has them. Sky space: x forward, y left, z up; with azimuth = 2 pi (u - 1/2) and theta = pi v a
// direction is (sin(theta) cos(azimuth), -sin(theta) sin(azimuth), cos(theta)).
//
// environment_cdf[]: ENVIRONMENT_ROWS + 1 numbers of the marginal over v, then for each row ENVIRONMENT_COLUMNS + 1 of the
// conditional over u; each runs from 0 to 1. Within a cell directions are even over the sphere.
// Inversion: pbrt-v4 section A.4.2 (piecewise constant, 2D).
// Needs params, phase.glsl (PI).

vec2 environment_uv(vec3 d) {
    vec3 s = vec3(dot(d, params.sky_x.xyz), dot(d, params.sky_y.xyz), dot(d, params.sky_z.xyz));
    float u = s.x == 0.0 && s.y == 0.0 ? 0.5 : 0.5 + atan(-s.y, s.x) / (2.0 * PI);
    return vec2(u, acos(clamp(s.z, -1.0, 1.0)) / PI);
}

int environment_row(int row) { return ENVIRONMENT_ROWS + 1 + row * (ENVIRONMENT_COLUMNS + 1); }

// cos(theta) where row `row` begins.
float environment_z(int row) { return cos(PI * float(row) / float(ENVIRONMENT_ROWS)); }

float environment_pdf(vec2 uv) {
    int row = clamp(int(uv.y * float(ENVIRONMENT_ROWS)), 0, ENVIRONMENT_ROWS - 1);
    int column = int(uv.x * float(ENVIRONMENT_COLUMNS));
    column = column >= ENVIRONMENT_COLUMNS ? 0 : max(column, 0);
    float down = environment_cdf[row + 1] - environment_cdf[row];
    int at = environment_row(row) + column;
    float along = environment_cdf[at + 1] - environment_cdf[at];
    float solid_angle = (environment_z(row) - environment_z(row + 1)) * 2.0 * PI / float(ENVIRONMENT_COLUMNS);
    return down * along / solid_angle;
}

// The span of the distribution that begins at `first` which holds u, and where in it u is.
int environment_invert(int first, int count, float u, out float along) {
    int lo = 0, hi = count;
    while (hi - lo > 1) {
        int middle = (lo + hi) / 2;
        if (environment_cdf[first + middle] <= u) lo = middle;
        else hi = middle;
    }
    float a = environment_cdf[first + lo], b = environment_cdf[first + lo + 1];
    along = b > a ? clamp((u - a) / (b - a), 0.0, 1.0) : 0.5;
    return lo;
}

vec3 environment_sample(vec2 u) {
    float down, along;
    int row = environment_invert(0, ENVIRONMENT_ROWS, u.x, down);
    int column = environment_invert(environment_row(row), ENVIRONMENT_COLUMNS, u.y, along);
    float z = mix(environment_z(row), environment_z(row + 1), down);
    float azimuth = 2.0 * PI * ((float(column) + along) / float(ENVIRONMENT_COLUMNS) - 0.5);
    float r = sqrt(max(0.0, 1.0 - z * z));
    vec3 s = vec3(r * cos(azimuth), -r * sin(azimuth), z);
    return params.sky_x.xyz * s.x + params.sky_y.xyz * s.y + params.sky_z.xyz * s.z;
}
