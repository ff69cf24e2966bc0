/* Validates a token with libjwt. Arguments: algorithm, file with the public key, token. */
#include <errno.h>
#include <jwt.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  static unsigned char key[8192];
  jwt_t *jwt = NULL;
  FILE *file = argc == 4 ? fopen(argv[2], "rb") : NULL;
  if (file == NULL) return 2;
  size_t length = fread(key, 1, sizeof key - 1, file);
  fclose(file);
  int error = jwt_decode(&jwt, argv[3], key, (int)length);
  if (error == 0 && jwt_get_alg(jwt) != jwt_str_alg(argv[1])) error = EINVAL;
  if (error != 0) printf("jwt_decode: %s\n", strerror(error));
  jwt_free(jwt);
  return error == 0 ? 0 : 1;
}
