/* The program of racers.ts: T processes that each add 1 to x without protection, R times, in two steps. */
#ifndef T
#define T 3
#endif
#ifndef R
#define R 8
#endif

byte x = 0;
#ifdef CHECK
byte ended = 0;
#endif

active [T] proctype racer() {
  byte round = 0, seen = 0;
  do
  :: atomic { round < R -> seen = x }
     d_step { x = seen + 1; seen = 0; round++ }
  :: else -> break
  od
#ifdef CHECK
  ;
  atomic {
    ended++;
    if
    :: ended == T -> assert(x == T * R)
    :: else -> skip
    fi
  }
#endif
}
