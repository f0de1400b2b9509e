/* Matrices in float and in double: products, linear equations, eigenvalues. Results as bits: they must be the same. */
#include "runtime.h"

enum { N = 16, SMALL = 8 };

static float single_a[N][N], single_b[N][N], single_c[N][N];
static double a[N][N], b[N][N], c[N][N];

static double uniform(void)
{
    return (double)(i64)(random_bits() >> 11) / (1l << 53) * 2 - 1;
}

static void products(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            single_a[i][j] = a[i][j] = uniform();
            single_b[i][j] = b[i][j] = uniform();
            single_c[i][j] = c[i][j] = 0;
        }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int k = 0; k < N; k++) {
                single_c[i][j] += single_a[i][k] * single_b[k][j];
                c[i][j] = __builtin_fma(a[i][k], b[k][j], c[i][j]);
            }
    u64 digest = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            digest = mix(mix(digest, float_bits(single_c[i][j])), bits_of(c[i][j]));
    print("product %016lx: %08x %016lx\n", digest, float_bits(single_c[3][5]), bits_of(c[3][5]));
    print("trace in float %.6e, in double %.15e\n", (double)(single_c[0][0] + single_c[1][1]), c[0][0] + c[1][1]);
}

static double absolute(double x)
{
    return x < 0 ? -x : x;
}

/* Gauss's method with the greatest pivot; returns the determinant. */
static double solve(double (*m)[N], double *x)
{
    double determinant = 1;
    for (int k = 0; k < N; k++) {
        int pivot = k;
        for (int i = k + 1; i < N; i++)
            if (absolute(m[i][k]) > absolute(m[pivot][k]))
                pivot = i;
        for (int j = 0; pivot != k && j < N; j++) {
            double it = m[k][j];
            m[k][j] = m[pivot][j];
            m[pivot][j] = it;
        }
        if (pivot != k) {
            double it = x[k];
            x[k] = x[pivot];
            x[pivot] = it;
            determinant = -determinant;
        }
        determinant *= m[k][k];
        for (int i = k + 1; i < N; i++) {
            double factor = m[i][k] / m[k][k];
            for (int j = k; j < N; j++)
                m[i][j] -= factor * m[k][j];
            x[i] -= factor * x[k];
        }
    }
    for (int i = N - 1; i >= 0; i--) {
        for (int j = i + 1; j < N; j++)
            x[i] -= m[i][j] * x[j];
        x[i] /= m[i][i];
    }
    return determinant;
}

/* Jacobi's rotations, in float. */
static int eigenvalues(float (*m)[SMALL])
{
    int rotations = 0;
    for (int sweep = 0; sweep < 20; sweep++)
        for (int p = 0; p < SMALL; p++)
            for (int q = p + 1; q < SMALL; q++) {
                if (m[p][q] == 0)
                    continue;
                float theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
                float root = __builtin_sqrtf(theta * theta + 1);
                float t = theta < 0 ? 1 / (theta - root) : 1 / (theta + root);
                float cosine = 1 / __builtin_sqrtf(t * t + 1), sine = t * cosine;
                for (int k = 0; k < SMALL; k++) {
                    float x = m[k][p], y = m[k][q];
                    m[k][p] = cosine * x - sine * y;
                    m[k][q] = sine * x + cosine * y;
                }
                for (int k = 0; k < SMALL; k++) {
                    float x = m[p][k], y = m[q][k];
                    m[p][k] = cosine * x - sine * y;
                    m[q][k] = sine * x + cosine * y;
                }
                m[p][q] = m[q][p] = 0;
                rotations++;
            }
    return rotations;
}

int main(void)
{
    products();

    double hilbert[N][N], x[N], trace = 0;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++)
            hilbert[i][j] = 1.0 / (i + j + 1) + (i == j);
        x[i] = i % 3 - 1;
    }
    double determinant = solve(hilbert, x);
    print("determinant %.17g %016lx\n", determinant, bits_of(determinant));
    for (int i = 0; i < N; i += 5)
        print("x[%d] = %.17g %016lx\n", i, x[i], bits_of(x[i]));

    static float symmetric[SMALL][SMALL];
    for (int i = 0; i < SMALL; i++)
        for (int j = 0; j <= i; j++) {
            symmetric[i][j] = symmetric[j][i] = uniform();
            trace += i == j ? symmetric[i][i] : 0;
        }
    print("%d rotations\n", eigenvalues(symmetric));
    for (int i = 0; i < SMALL; i++) {
        print("%.6f %08x\n", (double)symmetric[i][i], float_bits(symmetric[i][i]));
        trace -= symmetric[i][i];
    }
    print("the trace stays: %d\n", absolute(trace) < 1e-5);
    return 0;
}
