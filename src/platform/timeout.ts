const LATE = Symbol('late');

/** What `work` comes to; where that takes longer, what `late` returns or throws. The work goes on unheard. */
export async function within<Result, Late>(ms: number, work: Promise<Result>, late: () => Late): Promise<Result | Late> {
  const overdue = Promise.withResolvers<typeof LATE>();
  const timer = setTimeout(overdue.resolve, ms, LATE);
  try {
    const first = await Promise.race([work, overdue.promise]);
    return first === LATE ? late() : first;
  } finally {
    clearTimeout(timer);
  }
}
