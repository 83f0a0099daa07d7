ALTER TABLE oauth2_authorization_codes ADD COLUMN IF NOT EXISTS challenge text;
ALTER TABLE oauth2_authorization_codes ADD COLUMN IF NOT EXISTS challenge_method text;
ALTER TABLE oauth2_credentials ADD COLUMN IF NOT EXISTS client_type text;
ALTER TABLE oauth2_credentials ADD COLUMN IF NOT EXISTS hash_secret boolean;
