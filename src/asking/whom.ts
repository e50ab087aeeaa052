/** What an option takes in place of a file, or of a socket: nobody is asked, whatever else is known … */
export const OFF = "off";
/** … or the host that natcorr runs on is. */
export const LIVE = "live";
