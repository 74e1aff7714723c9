"""What people do to applications that wait for them: correct, look at marks, settle findings, return, sample."""
