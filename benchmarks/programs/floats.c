/* Binary floating point: points of the Mandelbrot set, planets, a matrix product. For gcc -O2 -march=z900. */
enum { SIDE = 24, LIMIT = 60, ORDER = 20, BODIES = 5, STEPS = 60 };

static double left[ORDER][ORDER], right[ORDER][ORDER], product[ORDER][ORDER];
static struct { double x, y, vx, vy, mass; } bodies[BODIES];
unsigned long result;

static long mandelbrot(void)
{
    long count = 0;
    for (int row = 0; row < SIDE; row++)
        for (int column = 0; column < SIDE; column++) {
            double cx = column * (3.0 / SIDE) - 2.0, cy = row * (2.0 / SIDE) - 1.0, x = 0, y = 0;
            for (int n = 0; n < LIMIT && x * x + y * y < 4.0; n++, count++) {
                double next = x * x - y * y + cx;
                y = 2 * x * y + cy;
                x = next;
            }
        }
    return count;
}

static double planets(void)
{
    for (int n = 0; n < BODIES; n++) {
        bodies[n].x = n;
        bodies[n].y = n * n * 0.5;
        bodies[n].vx = bodies[n].vy = 0;
        bodies[n].mass = 1.0f + n;
    }
    for (int step = 0; step < STEPS; step++)
        for (int i = 0; i < BODIES; i++) {
            for (int k = 0; k < BODIES; k++) {
                double dx = bodies[k].x - bodies[i].x, dy = bodies[k].y - bodies[i].y;
                double square = dx * dx + dy * dy + 0.01;
                double force = bodies[k].mass / (square * __builtin_sqrt(square)) * 0.001;
                bodies[i].vx += dx * force;
                bodies[i].vy += dy * force;
            }
            bodies[i].x += bodies[i].vx;
            bodies[i].y += bodies[i].vy;
        }
    return bodies[0].x + bodies[BODIES - 1].y;
}

static double multiply(void)
{
    double trace = 0;
    for (int i = 0; i < ORDER; i++)
        for (int k = 0; k < ORDER; k++) {
            left[i][k] = i + 0.5 * k;
            right[i][k] = k - 0.25 * i;
        }
    for (int i = 0; i < ORDER; i++)
        for (int k = 0; k < ORDER; k++) {
            double sum = 0;
            for (int n = 0; n < ORDER; n++)
                sum += left[i][n] * right[n][k];
            product[i][k] = sum;
        }
    for (int i = 0; i < ORDER; i++)
        trace += product[i][i];
    return trace;
}

__attribute__((noreturn, noinline)) void done(void)
{
    for (;;)
        ;
}

void work(unsigned long rounds)
{
    for (unsigned long i = 0; i < rounds; i++)
        result = result * 31 + mandelbrot() + (long)(planets() * 1000) + (long)multiply();
    done();
}
