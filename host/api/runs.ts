/** Endpoints about runs: starting, showing, following and ending them. The door to `runs/`. */
import { endEndpoints } from './runs/end.ts';
import { eventsEndpoint } from './runs/events.ts';
import { rerunEndpoint } from './runs/rerun.ts';
import { showEndpoints } from './runs/show.ts';
import { startEndpoint } from './runs/start.ts';

/** Endpoints about runs. */
export const runEndpoints = [startEndpoint, ...showEndpoints, ...endEndpoints, rerunEndpoint, eventsEndpoint];
